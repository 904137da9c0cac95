using MeshGrains.Agent.Sds;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Envoy.Tls;

namespace MeshGrains.Agent.Tests.Sds;

public sealed class SecretSetTests
{
    private const string Partner = "spiffe://partner.example";

    [Fact]
    public void Everything_is_each_identity_and_each_bundle_by_its_SPIFFE_ID()
    {
        using var stage = new SdsStage("app", "other");

        Assert.Equal([stage.IdOf("app"), stage.IdOf("other"), "spiffe://test.mesh"], stage.Secrets().All);
        Assert.Equal(["default", "ROOTCA", "ALL", stage.IdOf("app"), stage.IdOf("other"), "spiffe://test.mesh"], stage.Secrets().Names);
    }

    [Fact]
    public void The_default_is_the_oldest_identity()
    {
        using var stage = new SdsStage("b", "a");

        var (byDefault, byId) = (Read(stage.Secrets(), "default"), Read(stage.Secrets(), stage.IdOf("b")));

        Assert.Equal(byId.TlsCertificate, byDefault.TlsCertificate);
        Assert.Equal(("default", stage.IdOf("b")), (byDefault.Name, byId.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("DEFAULT")]
    [InlineData("default ")]
    [InlineData("spiffe://test.mesh/")]
    [InlineData("spiffe://TEST.mesh")]
    [InlineData("spiffe://test.mesh/nobody")]
    [InlineData("spiffe://stranger.example")]
    [InlineData("spiffe://")]
    public void What_it_does_not_know_is_not_there(string name)
    {
        using var stage = new SdsStage();

        Assert.Null(stage.Secrets().Find(name));
    }

    [Fact]
    public void Names_of_the_configuration_may_be_others()
    {
        using var stage = new SdsStage();
        var secrets = new SecretSet(stage.View(), new SdsOptions { DefaultSvidName = "cert", DefaultBundleName = "roots", AllBundlesName = "every" }, spiffeValidator: true);

        Assert.Equal(["cert", "roots", "every"], secrets.Names.Take(3));
        Assert.Null(secrets.Find("default"));
    }

    [Fact]
    public void Roots_of_two_trust_domains_are_told_apart_or_not_told()
    {
        using var stage = new SdsStage();
        var view = new WorkloadView(stage.View().Svids, [stage.Ca.Bundle()], [new MeshCa("partner.example").Bundle()]);
        var able = new SecretSet(view, new SdsOptions(), spiffeValidator: true);
        var plain = new SecretSet(view, new SdsOptions(), spiffeValidator: false);

        Assert.Equal(["partner.example", "test.mesh"], DomainsOf(able, "ALL"));
        Assert.Equal(["test.mesh"], DomainsOf(able, "ROOTCA"));
        Assert.Equal(["partner.example"], DomainsOf(able, Partner));
        Assert.Null(plain.Find("ALL"));
        Assert.DoesNotContain("ALL", plain.Names);
        Assert.Equal(stage.Ca.Bundle().PemBytes, Read(plain, "ROOTCA").ValidationContext.TrustedCa.InlineBytes.ToByteArray());
        Assert.Null(Read(plain, Partner).ValidationContext.CustomValidatorConfig);
    }

    [Fact]
    public void Several_names_of_one_thing_are_several_secrets_in_the_order_asked_for()
    {
        using var stage = new SdsStage();
        string[] names = ["spiffe://test.mesh", "ALL", "ROOTCA", stage.IdOf("app"), "default"];

        Assert.Equal(names, SecretSession.Pick(stage.Secrets(), names).Select(any => any.Unpack<Secret>().Name));
    }

    [Fact]
    public void A_refusal_names_a_few_and_is_short()
    {
        using var stage = new SdsStage([.. Enumerable.Range(0, 50).Select(i => $"app-{i}")]);

        var refused = Assert.Throws<RpcException>(() => SecretSession.Pick(stage.Secrets(), ["no\nthing", .. Enumerable.Range(0, 500).Select(i => $"{new string('n', 2000)}{i}")]));

        Assert.Equal(RpcStatusCode.InvalidArgument, refused.StatusCode);
        Assert.StartsWith("There is no secret 'no?thing', ", refused.Detail, StringComparison.Ordinal);
        Assert.Contains("there are default, ROOTCA, ALL, ", refused.Detail, StringComparison.Ordinal);
        Assert.InRange(refused.Detail.Length, 100, 6000);
    }

    private static Secret Read(SecretSet secrets, string name) => secrets.Find(name)!.Unpack<Secret>();

    private static IEnumerable<string> DomainsOf(SecretSet secrets, string name) =>
        Read(secrets, name).ValidationContext.CustomValidatorConfig.TypedConfig.Unpack<SPIFFECertValidatorConfig>().TrustDomains.Select(domain => domain.Name);
}
