using System.Collections.Immutable;
using System.Security.Cryptography;
using Google.Protobuf;
using MeshGrains.Agent.Svids;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>A trust domain's root and issuing CA, and what an agent holds from them.</summary>
internal sealed class MeshCa
{
    private readonly Issuer _issuer;
    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private long _listNumber;
    private readonly List<ParsedCertificate> _roots = [];
    private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;

    public MeshCa(string trustDomain = "test.mesh")
    {
        TrustDomain = TrustDomain.Parse(trustDomain);
        _roots.Add(Root(_rootKey));
        var key = IssuerKey.Create();
        _issuer = Issuer.Create(key, Sign(_rootKey, CaCertificateProfile.IssuingCa(
            TrustDomain, key.SubjectPublicKeyInfo, _roots[0], RandomSerialSource.Shared.Next(), Validity)));
    }

    public TrustDomain TrustDomain { get; }

    public string RootAuthorityId => Convert.ToHexStringLower(_roots[0].SubjectKeyIdentifier.Span);

    public string IssuingAuthorityId => Convert.ToHexStringLower(_issuer.Certificate.SubjectKeyIdentifier.Span);

    public string BundlePem => SpiffeBundle(1).ToPem();

    private Validity Validity => new(_now.AddMinutes(-5), _now.AddDays(3));

    public WorkloadSvid Issue(string entryId, string spiffeId, TimeSpan? life = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var notAfter = DateTimeOffset.UtcNow + (life ?? TimeSpan.FromHours(1));
        var leaf = X509SvidWriter.Issue(_issuer, new X509SvidRequest
        {
            Id = SpiffeId.Parse(spiffeId), SubjectPublicKeyInfo = key.ExportSubjectPublicKeyInfo(), Serial = RandomSerialSource.Shared.Next(),
            NotBefore = _now.AddMinutes(-1), NotAfter = notAfter,
        });
        ImmutableArray<ReadOnlyMemory<byte>> chain = [leaf, _issuer.Certificate.Der];
        return new WorkloadSvid(entryId, spiffeId, chain, key.ExportPkcs8PrivateKey(), "", notAfter, notAfter);
    }

    /// <summary>A list of the root and one of the issuing CA with these certificates on it, as the control plane sends them.</summary>
    public RevocationLists Lists(DateTimeOffset until, params IEnumerable<WorkloadSvid> revoked)
    {
        var number = Interlocked.Increment(ref _listNumber);
        var tbs = CrlWriter.BuildTbs(CrlProfile.Of(_roots[0], SignatureAlgorithm.EcdsaSha256, number, until.AddDays(-1), until.AddMinutes(1), []));
        var root = CrlWriter.Assemble(tbs, SignatureAlgorithm.EcdsaSha256, _rootKey.SignData(tbs, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        var issuing = CrlWriter.Sign(
            _issuer, number, until.AddDays(-1), until,
            [.. revoked.Select(svid => new RevokedCertificate(ParsedCertificate.Read(svid.Chain[0]).SerialHex, _now, CrlReason.CertificateHold))]);
        return new RevocationLists { Crls = { ByteString.CopyFrom(root), ByteString.CopyFrom(issuing) } };
    }

    public TrustBundle Bundle(long number = 1) => new(SpiffeBundle(number), number);

    /// <summary>The bundle as the control plane sends it; from number 2 on with as many roots.</summary>
    public Bundle Wire(long number)
    {
        while (_roots.Count < number)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            _roots.Add(Root(key));
        }

        var bundle = new Bundle { TrustDomain = TrustDomain.Name, Number = number };
        bundle.X509Authorities.AddRange(_roots.Take((int)number).Select(root => ByteString.CopyFrom(root.Der.Span)));
        return bundle;
    }

    private SpiffeBundle SpiffeBundle(long number) => new SpiffeBundle(TrustDomain).WithX509Authorities(_roots.Select(root => root.Der)).WithSequence((ulong)number);

    private ParsedCertificate Root(ECDsa key) =>
        ParsedCertificate.Read(Sign(key, CaCertificateProfile.Root(TrustDomain, key.ExportSubjectPublicKeyInfo(), RandomSerialSource.Shared.Next(), Validity)));

    private static byte[] Sign(ECDsa key, CaCertificateProfile profile)
    {
        var tbs = CaCertificateWriter.BuildTbs(profile);
        return CaCertificateWriter.Assemble(tbs, profile.SignatureAlgorithm, key.SignData(tbs, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }
}
