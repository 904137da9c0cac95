using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// Who calls, as the gateway established it; identities and selectors come from here and the registrations, never from a CSR.
/// </summary>
public sealed record AuthenticatedCaller
{
    public required CallerKind Kind { get; init; }

    /// <summary>
    /// A stable, printable name for logs, records, quotas and idempotency: <c>k8s:prod/shop/cart</c>, <c>join:1a2b…</c>, <c>spiffe://…</c>,
    /// <c>uid:1000</c>. Never a secret.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>The configured attestation source (token issuer) of a Kubernetes caller; empty otherwise.</summary>
    public string Source { get; init; } = "";

    /// <summary>Attested facts: <c>k8s:ns:…</c>, <c>k8s:sa:…</c>, <c>k8s:pod-name:…</c>, <c>k8s:pod-uid:…</c>, <c>k8s:node-name:…</c>.</summary>
    public ImmutableArray<Selector> Selectors { get; init; } = [];

    /// <summary>The identity that the caller already proved (an SVID over mutual TLS); null for attestation by token.</summary>
    public string? SpiffeId { get; init; }

    /// <summary>The presented certificate's serial, lowercase hex, for an SVID caller.</summary>
    public string? CertificateSerial { get; init; }

    /// <summary>Where the presented certificate's record lies; null when that is not known.</summary>
    public CertificateHint? CertificateHint { get; init; }

    /// <summary>The entry that a redeemed join token admits to, that an attested node has, or that an agent asks for.</summary>
    public string? EntryId { get; init; }

    /// <summary>The judged agent of a <see cref="CallerKind.Agent"/> caller; null for every other.</summary>
    public AgentStanding? Agent { get; init; }

    /// <summary>When the facts were attested: now for tokens; taken from the log for an SVID.</summary>
    public DateTimeOffset AttestedAt { get; init; }

    /// <summary>Path prefixes that callers of this source may be given (its cluster's set); empty allows every path.</summary>
    public ImmutableArray<string> AllowedPaths { get; init; } = [];

    /// <summary>The value of a selector such as <c>k8s</c>, <c>ns</c>; null when the fact was not attested.</summary>
    public string? Fact(string type, string name)
    {
        foreach (var selector in Selectors)
        {
            if (selector.Type == type && selector.Value.Length > name.Length && selector.Value[name.Length] == ':'
                && selector.Value.StartsWith(name, StringComparison.Ordinal))
            {
                return selector.Value[(name.Length + 1)..];
            }
        }

        return null;
    }
}
