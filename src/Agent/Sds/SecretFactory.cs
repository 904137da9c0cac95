using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using MeshGrains.Agent.Svids;
using MeshGrains.Rpc.Envoy.Core;
using MeshGrains.Rpc.Envoy.Tls;

namespace MeshGrains.Agent.Sds;

/// <summary>Makes Envoy's secrets of SVIDs and bundles.</summary>
internal static class SecretFactory
{
    public const string TypeUrl = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
    private const string TypePrefix = "type.googleapis.com";
    private const string SpiffeValidator = "envoy.tls.cert_validator.spiffe";

    public static Any Certificate(string name, WorkloadSvid svid) => Pack(new Secret
    {
        Name = name, TlsCertificate = new TlsCertificate { CertificateChain = Inline(svid.ChainPemBytes), PrivateKey = Inline(svid.KeyPemBytes) },
    });

    /// <summary>Each trust domain's chains are checked with its own roots only.</summary>
    public static Any SpiffeContext(string name, IEnumerable<TrustBundle> bundles)
    {
        var config = new SPIFFECertValidatorConfig();
        config.TrustDomains.AddRange(bundles.Select(bundle => new SPIFFECertValidatorConfig.Types.TrustDomain
        {
            Name = bundle.TrustDomain.Name, TrustBundle = Inline(bundle.PemBytes),
        }));
        return Pack(new Secret
        {
            Name = name,
            ValidationContext = new CertificateValidationContext
            {
                CustomValidatorConfig = new TypedExtensionConfig { Name = SpiffeValidator, TypedConfig = Any.Pack(config, TypePrefix) },
            },
        });
    }

    /// <summary>Plain roots say nothing of trust domains: exactly one's. With its revocation lists, where there are any and they are wanted.</summary>
    public static Any PlainContext(string name, TrustBundle bundle, CrlSet? crls = null) => Pack(new Secret
    {
        Name = name,
        ValidationContext = new CertificateValidationContext { TrustedCa = Inline(bundle.PemBytes), Crl = crls is { IsEmpty: false } ? Inline(crls.PemBytes) : null },
    });

    private static Any Pack(Secret secret) => Any.Pack(secret, TypePrefix);

    private static DataSource Inline(byte[] bytes) => new() { InlineBytes = UnsafeByteOperations.UnsafeWrap(bytes) };
}
