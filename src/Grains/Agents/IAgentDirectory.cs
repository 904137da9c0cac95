namespace MeshGrains.Grains;

/// <summary>Who is an agent, whether it still may be one, and which entries are its own.</summary>
public interface IAgentDirectory
{
    /// <summary>
    /// Judges a caller with an SVID: an agent's ID, in the issuance log, its entry still there, attested recently enough, not denied.
    /// Exactly one of the two is null.
    /// </summary>
    ValueTask<(AgentStanding? Standing, Refusal? Refusal)> JudgeAsync(AuthenticatedCaller caller, CancellationToken cancellationToken);

    /// <summary>What this silo's denial set has against an agent at this moment; null when nothing.</summary>
    Refusal? Denied(AgentStanding standing);

    /// <summary>The number of the denial set that <see cref="Denied"/> and <see cref="Issuable"/> go by; -1 before the first.</summary>
    long DenialNumber { get; }

    /// <summary>Authority ids of issuing CAs whose leaves shall be replaced.</summary>
    IReadOnlyList<string> TaintedAuthorities { get; }

    /// <summary>
    /// Raised when an agent's entries may have changed in the store, through whichever silo, with its ID; null means anyone's. A change that nobody could
    /// tell is found by reading again. Handlers only signal.
    /// </summary>
    event Action<string?>? EntriesChanged;

    /// <summary>Raised when this silo took a newer denial set. Handlers only signal.</summary>
    event Action<DenialSnapshot>? DenialsChanged;

    /// <summary>The entries with selectors whose parent is this agent, as the store has them. At most <paramref name="limit"/>.</summary>
    ValueTask<IReadOnlyList<RegistrationEntry>> EntriesAsync(string agentId, int limit, CancellationToken cancellationToken);

    /// <summary>Those of some entries that may be issued now: neither expired nor denied.</summary>
    IReadOnlyList<RegistrationEntry> Issuable(IReadOnlyList<RegistrationEntry> entries);
}
