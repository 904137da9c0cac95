using MeshGrains.Gateway.Administration;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Administration;

public sealed class OperatorDenialsTests
{
    private static readonly ParsedClientChain Alice =
        new("spiffe://mesh.test/meshgrains/operator", "01", DateTimeOffset.MaxValue) { IssuerAuthorityId = "ca1" };

    [Theory]
    [InlineData(DenialKind.QuarantinedIdentity, "spiffe://mesh.test/meshgrains/operator", "quarantined")]
    [InlineData(DenialKind.TaintedAuthority, "ca1", "issuer_tainted")]
    [InlineData(DenialKind.QuarantinedIdentity, "spiffe://mesh.test/meshgrains/bob", null)]
    [InlineData(DenialKind.TaintedAuthority, "ca2", null)]
    [InlineData(DenialKind.BannedAgent, "spiffe://mesh.test/meshgrains/operator", null)]
    public void A_quarantined_operator_and_one_of_a_tainted_ca_are_refused(DenialKind kind, string subject, string? reason)
    {
        var denials = new DenialSnapshot(new DenialSet(1, [new Denial(kind, subject, 1, "r", "a", default, "op")]), 0);
        Assert.Equal(reason, OperatorDenials.Check(Alice, denials)?.Reason);
    }
}
