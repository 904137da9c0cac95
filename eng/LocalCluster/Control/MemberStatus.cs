namespace MeshGrains.LocalCluster;

/// <summary>How one process of a cluster is.</summary>
/// <param name="Name">A silo's, or <c>gateway</c>, <c>redis</c>, <c>azurite</c>.</param>
/// <param name="Roles">Of a silo; empty for others.</param>
/// <param name="Pid">Null while it does not run, and for a store that was given.</param>
/// <param name="State">running, starting again, failed, stopped; given for a store that is not the cluster's own.</param>
/// <param name="Ready">What <c>/readyz</c> says; null where there is none.</param>
/// <param name="Why">Why it is not ready.</param>
/// <param name="Address">The gateway's address of a silo or gateway, a store's endpoint.</param>
/// <param name="Operations">Where <c>/readyz</c> and <c>/metrics</c> are.</param>
/// <param name="IssuingCa">The authority id that a silo signs as.</param>
/// <param name="Since">When the process was started.</param>
/// <param name="Restarts">How often it was started again.</param>
/// <param name="LastEnd">How it last ended.</param>
public sealed record MemberStatus(
    string Name, IReadOnlyList<string> Roles, int? Pid, string State, bool? Ready, string? Why, string? Address, string? Operations, string? IssuingCa,
    DateTimeOffset? Since, int Restarts, string? LastEnd);
