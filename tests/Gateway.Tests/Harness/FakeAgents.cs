using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Harness;

/// <summary>Agents by their IDs: whoever shows an agent's ID is one, until a test says otherwise.</summary>
internal sealed class FakeAgents : IAgentDirectory
{
    public event Action<string?>? EntriesChanged;

    public event Action<DenialSnapshot>? DenialsChanged;

    /// <summary>How often entries were read.</summary>
    public int Reads { get; private set; }

    /// <summary>Why every agent is refused; null when none is.</summary>
    public Refusal? Refusal { get; set; }

    public List<RegistrationEntry> Entries { get; } = [];

    public long DenialNumber { get; set; } = 1;

    public IReadOnlyList<string> TaintedAuthorities { get; set; } = [];

    public ValueTask<(AgentStanding? Standing, Refusal? Refusal)> JudgeAsync(AuthenticatedCaller caller, CancellationToken cancellationToken) =>
        ValueTask.FromResult<(AgentStanding?, Refusal?)>(Refusal is { } refusal ? (null, refusal)
            : caller.SpiffeId is { } id && AgentNames.IsAgent(id, "mesh.test") ? (new AgentStanding(id, "entry-1", caller.AttestedAt, null), null)
            : (null, new Refusal(RefusalCode.PermissionDenied, "not_an_agent", "No agent.")));

    public Refusal? Denied(AgentStanding standing) => Refusal;

    public ValueTask<IReadOnlyList<RegistrationEntry>> EntriesAsync(string agentId, int limit, CancellationToken cancellationToken)
    {
        lock (Entries)
        {
            Reads++;
            return ValueTask.FromResult<IReadOnlyList<RegistrationEntry>>([.. Entries.Where(entry => entry.ParentId == agentId).Take(limit)]);
        }
    }

    /// <summary>IDs of entries that are denied.</summary>
    public HashSet<string> DeniedEntries { get; } = [];

    public IReadOnlyList<RegistrationEntry> Issuable(IReadOnlyList<RegistrationEntry> entries) => [.. entries.Where(entry => !DeniedEntries.Contains(entry.Id))];

    public void Change(string? agentId) => EntriesChanged?.Invoke(agentId);

    public void ChangeDenials() => DenialsChanged?.Invoke(new DenialSnapshot(DenialSet.Empty, null));
}
