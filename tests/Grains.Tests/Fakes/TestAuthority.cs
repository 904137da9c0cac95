using System.Security.Cryptography;
using MeshGrains.Identity;
using MeshGrains.Keys;

namespace MeshGrains.Grains.Tests;

/// <summary>A trust domain made by the real decisions, with a root key in memory.</summary>
internal sealed class TestAuthority
{
    public const string Name = "td.test";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly CountingSerials _serials = new();

    public TestAuthority(DateTimeOffset now, TimeSpan? rootTtl = null)
    {
        State = TrustDomainDecisions.RecordName(new TrustDomainState(), Ensure(rootTtl), "root-key", now);
        State = TrustDomainDecisions.RecordKey(State, Managed, "op:key");
        State = TrustDomainDecisions.RecordCertificate(State, TrustDomain, _serials.Next(), "op:tbs", now);
        State = TrustDomainDecisions.RecordSignature(State, Sign(State.Authorities[0].Tbs!), "op:signature");
        State = TrustDomainDecisions.ActivateFirst(State, "op:root");
    }

    public static TrustDomain TrustDomain { get; } = TrustDomain.Parse(Name);

    public TrustDomainState State { get; private set; }

    public TrustDomainView View => TrustDomainDecisions.View(State, Name);

    public ManagedKey Managed => new(new KeyReference("test:root"), KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, _key.ExportSubjectPublicKeyInfo(), "root-key");

    public static EnsureTrustDomain Ensure(TimeSpan? rootTtl = null) =>
        new("op", nameof(KeyAlgorithm.EcdsaP256), (long)(rootTtl ?? TimeSpan.FromDays(3650)).TotalSeconds, 300, false);

    public byte[] Sign(byte[] tbs) => CaCertificateWriter.Assemble(
        tbs, SignatureAlgorithm.EcdsaSha256, _key.SignData(tbs, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));

    public CertifiedIssuingCa Certify(ReadOnlyMemory<byte> spki, DateTimeOffset now, TimeSpan ttl, string operationId = "op-1")
    {
        var (state, intent) = TrustDomainDecisions.Certify(
            State, TrustDomain, new CertifyIssuingCa(operationId, "main", "silo-1", spki.ToArray(), (long)ttl.TotalSeconds), _serials.Next(), now);
        var der = intent.CertificateDer ?? Sign(intent.Tbs);
        State = TrustDomainDecisions.Certified(state, intent.OperationId, der);
        return new CertifiedIssuingCa(intent.AuthorityId, intent.RootAuthorityId, der, intent.NotBefore, intent.NotAfter);
    }

    public IssuerSnapshot Snapshot(DateTimeOffset now, TimeSpan? ttl = null, string operationId = "op-1")
    {
        var key = IssuerKey.Create();
        return IssuerSnapshots.Make(TrustDomain, key, Certify(key.SubjectPublicKeyInfo, now, ttl ?? TimeSpan.FromHours(72), operationId), View);
    }
}
