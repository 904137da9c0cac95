using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Harness;

/// <summary>Agents by their IDs: whoever shows an agent's ID is one, until a test says otherwise.</summary>
internal sealed class FakeAgents : IAgentDirectory
{
    public event Action<string?>? EntriesChanged;

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
            return ValueTask.FromResult<IReadOnlyList<RegistrationEntry>>([.. Entries.Where(entry => entry.ParentId == agentId).Take(limit)]);
        }
    }

    public void Change(string? agentId) => EntriesChanged?.Invoke(agentId);
}
