using MeshGrains.Grains;

namespace MeshGrains.Gateway.Administration;

/// <summary>
/// Asks this silo's copy of the denial set. Past its lease nobody administers from afar; the local operator still does, and can mend what is wrong.
/// </summary>
internal sealed class OperatorDenials(DenialReplica replica) : IOperatorDenials
{
    private static readonly Refusal Stale = new(
        RefusalCode.Unavailable, "denials_stale", "This silo may not know the newest denials; try again shortly, or use the local operator's socket.",
        null, TimeSpan.FromSeconds(1));

    private static readonly Refusal Quarantined = new(RefusalCode.PermissionDenied, "quarantined", "This operator's identity is quarantined.");

    private static readonly Refusal Tainted = new(
        RefusalCode.PermissionDenied, "issuer_tainted", "The CA that issued this operator's certificate is tainted; get another certificate.");

    public Refusal? Check(ParsedClientChain client) => replica.Fresh is { } denials ? Check(client, denials) : Stale;

    internal static Refusal? Check(ParsedClientChain client, DenialSnapshot denials)
        => denials.Contains(DenialKind.QuarantinedIdentity, client.SpiffeId) ? Quarantined
            : client.IssuerAuthorityId is { } issuer && denials.Contains(DenialKind.TaintedAuthority, issuer) ? Tainted
            : null;
}
