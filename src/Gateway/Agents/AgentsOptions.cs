namespace MeshGrains.Gateway;

/// <summary>Section <c>agents</c>: what node agents may take of a silo.</summary>
public sealed class AgentsOptions
{
    public const string Section = "agents";

    /// <summary>Agents connected to this silo at once.</summary>
    public int MaxStreams { get; set; } = 10_000;

    /// <summary>Entries under one agent that are given to it; more are left out and told in the log.</summary>
    public int MaxEntriesPerAgent { get; set; } = 20_000;

    /// <summary>
    /// An agent's entries are read again this often, spread by a fifth: a safety net. Changes are told by whoever makes them, through whichever silo.
    /// </summary>
    public TimeSpan Reread { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Where changes were missed and nobody can tell whose, all agents' entries are read again, spread over this time.</summary>
    public TimeSpan RereadSpread { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>What changes within this time is pushed as one update.</summary>
    public TimeSpan Coalesce { get; set; } = TimeSpan.FromMilliseconds(50);
}
