using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Agent.Workloads;

/// <summary>
/// What a process was found to be, as <c>type:value</c> selectors, or why that could not be told. <see cref="Reason"/> is a stable word. <see cref="Silent"/> are the
/// attestors that failed meanwhile: their selectors are not among those told.
/// </summary>
internal sealed record Attestation(IReadOnlySet<string>? Selectors, string? Reason, string? Detail)
{
    [MemberNotNullWhen(true, nameof(Selectors))]
    [MemberNotNullWhen(false, nameof(Reason), nameof(Detail))]
    public bool Succeeded => Selectors is not null;

    public IReadOnlyList<string> Silent { get; private init; } = [];

    public static Attestation Of(IReadOnlySet<string> selectors, params IReadOnlyList<string> silent) => new(selectors, null, null) { Silent = silent };

    public static Attestation Failed(string reason, string detail) => new(null, reason, detail);
}
