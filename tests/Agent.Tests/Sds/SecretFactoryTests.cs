using System.Text;
using Google.Protobuf;
using MeshGrains.Agent.Sds;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests.Sds;

/// <summary>The very bytes that Envoy reads, written here field by field from its public definitions.</summary>
public sealed class SecretFactoryTests
{
    private const string Type = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
    private static readonly MeshCa Ca = new();

    [Fact]
    public void A_certificate_is_chain_and_key_inline()
    {
        var svid = new WorkloadSvid("e", "spiffe://test.mesh/a", [new byte[] { 1, 2, 3 }, new byte[] { 4 }], [5, 6], "", default, default);
        const string Chain = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nBA==\n-----END CERTIFICATE-----\n";
        const string Key = "-----BEGIN PRIVATE KEY-----\nBQY=\n-----END PRIVATE KEY-----\n";

        // Secret{1 name, 2 tls_certificate{1 certificate_chain{2 inline_bytes}, 2 private_key{2 inline_bytes}}}
        AssertWritten(
            [.. Field(1, "default"), .. Field(2, [.. Field(1, Field(2, Chain)), .. Field(2, Field(2, Key))])], SecretFactory.Certificate("default", svid));
    }

    [Fact]
    public void A_plain_context_is_one_trust_domains_roots()
    {
        // Secret{1 name, 4 validation_context{1 trusted_ca{2 inline_bytes}}}
        AssertWritten([.. Field(1, "ROOTCA"), .. Field(4, Field(1, Field(2, Ca.BundlePem)))], SecretFactory.PlainContext("ROOTCA", Ca.Bundle()));
    }

    [Fact]
    public void A_plain_context_has_its_trust_domains_lists_only_where_they_are_wanted_and_there()
    {
        using var stage = new SdsStage();
        stage.State.Apply(new AgentUpdate { RevocationLists = stage.Ca.Lists(DateTimeOffset.UtcNow.AddHours(1)) });
        var view = stage.View();

        // Secret{1 name, 4 validation_context{1 trusted_ca{2 inline_bytes}, 7 crl{2 inline_bytes}}}
        AssertWritten(
            [.. Field(1, "ROOTCA"), .. Field(4, [.. Field(1, Field(2, stage.Ca.BundlePem)), .. Field(7, Field(2, Assert.Single(view.Crls).Pem))])],
            new SecretSet(view, new SdsOptions { Crl = true }, spiffeValidator: false).Find("ROOTCA")!);
        var without = SecretFactory.PlainContext("ROOTCA", view.Own[0]);
        Assert.Equal(without, new SecretSet(view, new SdsOptions(), spiffeValidator: false).Find("ROOTCA"));
        stage.State.Apply(new AgentUpdate { RevocationLists = new RevocationLists() });
        Assert.Equal(without, new SecretSet(stage.View(), new SdsOptions { Crl = true }, spiffeValidator: false).Find("ROOTCA"));
    }

    [Fact]
    public void A_context_of_the_SPIFFE_validator_names_each_trust_domain_without_its_scheme()
    {
        var partner = new MeshCa("partner.example");

        // custom_validator_config 12 {1 name, 2 typed_config Any{1 type_url, 2 value SPIFFECertValidatorConfig{1 trust_domains{1 name, 2 trust_bundle{2 inline_bytes}}}}}
        byte[] config =
        [
            .. Field(1, [.. Field(1, "test.mesh"), .. Field(2, Field(2, Ca.BundlePem))]), .. Field(1, [.. Field(1, "partner.example"), .. Field(2, Field(2, partner.BundlePem))]),
        ];
        byte[] extension =
        [
            .. Field(1, "envoy.tls.cert_validator.spiffe"),
            .. Field(2, [.. Field(1, "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig"), .. Field(2, config)]),
        ];
        AssertWritten([.. Field(1, "ALL"), .. Field(4, Field(12, extension))], SecretFactory.SpiffeContext("ALL", [Ca.Bundle(), partner.Bundle()]));
    }

    private static void AssertWritten(byte[] secret, Google.Protobuf.WellKnownTypes.Any any)
    {
        Assert.Equal(Type, any.TypeUrl);
        Assert.Equal(Convert.ToHexString(secret), Convert.ToHexString(any.Value.Span));
    }

    private static byte[] Field(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] value)
    {
        using var bytes = new MemoryStream();
        using (var writer = new CodedOutputStream(bytes, leaveOpen: true))
        {
            writer.WriteUInt32((uint)((number << 3) | 2));
            writer.WriteBytes(ByteString.CopyFrom(value));
        }

        return bytes.ToArray();
    }
}
