namespace MeshGrains.Cli;

/// <summary>The issuing CAs of the cluster.</summary>
internal sealed record IssuingCaList(IReadOnlyList<IssuingCaItem> IssuingCas);

internal sealed record IssuingCaItem(
    string AuthorityId, string RootAuthorityId, string Silo, string State, DateTimeOffset NotBefore, DateTimeOffset NotAfter, string? Certificate,
    string? TaintReason);

/// <summary>Why something dangerous is done; recorded.</summary>
internal sealed record ReasonBody(string Reason);
