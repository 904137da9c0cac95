using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Grains;

/// <summary>A caller's registration with the moment of its attestation, or why there is none.</summary>
internal readonly struct RegistrationResult
{
    public RegistrationResult(ResolvedRegistration registration, DateTimeOffset attestedAt, string? presentedIssuer = null)
    {
        Registration = registration;
        AttestedAt = attestedAt;
        PresentedIssuer = presentedIssuer;
    }

    public RegistrationResult(ResolvedRegistration registration, AgentStanding agent)
        : this(registration, agent.AttestedAt) => Agent = agent;

    public RegistrationResult(Refusal refusal) => Refusal = refusal;

    public ResolvedRegistration? Registration { get; }

    public DateTimeOffset AttestedAt { get; }

    /// <summary>For a renewal: the authority id under which the log knows the presented certificate.</summary>
    public string? PresentedIssuer { get; }

    /// <summary>The agent that asks for a workload; its denials count too.</summary>
    public AgentStanding? Agent { get; }

    public Refusal? Refusal { get; }

    [MemberNotNullWhen(true, nameof(Registration))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool Found => Registration is not null;
}
