using System.Collections.Concurrent;
using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Tests.Harness;

/// <summary>Issues really, from a test CA, and remembers what it was asked; or answers what a test wants.</summary>
internal sealed class FakeIssuance(TestCa ca) : IIssuanceService, IGatewayCertificateIssuer
{
    public TestCa Ca { get; set; } = ca;

    public bool HasCa { get; set; } = true;

    public ConcurrentQueue<SvidRequest> Requests { get; } = new();

    public Func<SvidRequest, IssuanceResult>? Answer { get; set; }

    public TimeSpan ServingLife { get; set; } = TimeSpan.FromHours(1);

    public int ServingIssued { get; private set; }

    public GatewayCertificateRequest? LastServing { get; private set; }

    public event Action? IssuerChanged;

    public IssuerSnapshot? Current => HasCa ? Ca.Snapshot : null;

    public string? NotReadyReason { get; set; }

    public ValueTask<IssuanceResult> IssueAsync(SvidRequest request, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        if (Answer is not null)
        {
            return ValueTask.FromResult(Answer(request));
        }

        if (!CertificateSigningRequest.TryRead(request.CsrDer, out var csr, out var error))
        {
            return ValueTask.FromResult<IssuanceResult>(new Refusal(RefusalCode.InvalidArgument, "csr_malformed", error));
        }

        var id = request.SpiffeId ?? request.Caller.SpiffeId ?? $"spiffe://{Ca.Snapshot.TrustDomain.Name}/ns/shop/sa/cart";
        var now = DateTimeOffset.UtcNow;
        var der = Ca.Leaf(SpiffeId.Parse(id).Path, csr.SubjectPublicKeyInfo, now, request.RequestedTtl ?? TimeSpan.FromHours(1));
        var leaf = ParsedCertificate.Read(der);
        return ValueTask.FromResult<IssuanceResult>(new IssuedSvid(
            id, leaf.SerialHex, der, Ca.Snapshot.ChainPem, Ca.Snapshot.BundlePem, Ca.Snapshot.BundleNumber, leaf.NotBefore, leaf.NotAfter));
    }

    public ValueTask<GatewayCertificate> IssueAsync(GatewayCertificateRequest request, CancellationToken cancellationToken)
    {
        if (!HasCa)
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "not_ready", "waiting for the key manager");
        }

        ServingIssued++;
        LastServing = request;
        var der = Ca.Leaf("/meshgrains/gateway", request.SubjectPublicKeyInfo, DateTimeOffset.UtcNow, ServingLife, request);
        var leaf = ParsedCertificate.Read(der);
        return ValueTask.FromResult(new GatewayCertificate(
            leaf.UriNames[0], leaf.SerialHex, der, [Ca.Snapshot.IssuingCaDer], Ca.Snapshot.AuthorityId, leaf.NotBefore, leaf.NotAfter));
    }

    public void RaiseIssuerChanged() => IssuerChanged?.Invoke();
}
