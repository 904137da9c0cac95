using System.Collections.Immutable;
using MeshGrains.Agent.Svids;

namespace MeshGrains.Agent.KeyStore;

/// <summary>Of a snapshot, what is kept, and when it was written.</summary>
internal sealed record SavedState(
    ImmutableArray<AgentEntry> Entries, ImmutableArray<WorkloadSvid> Svids, ImmutableArray<TrustBundle> Bundles, ImmutableArray<string> TaintedAuthorities,
    long DenialNumber, DateTimeOffset WrittenAt, CrlSet? Crls = null);
