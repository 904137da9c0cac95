using MeshGrains.Grains;

namespace MeshGrains.Gateway.Rest;

/// <summary>
/// What became of one entry: <paramref name="Id"/> is of the entry that is stored, this one or the one that was there before; <paramref name="Reason"/>
/// and <paramref name="Detail"/> tell why there is none, as in a problem document.
/// </summary>
internal sealed record EntryResult(EntryOutcomeKind Status, string? Id = null, string? Reason = null, string? Detail = null)
{
    public static EntryResult Of(EntryOutcome outcome) => new(outcome.Kind, outcome.Entry?.Id, outcome.Refusal?.Reason, outcome.Refusal?.Message);
}

/// <summary>What became of a batch: one result for each entry, in their order.</summary>
internal sealed record EntryBatchView(IReadOnlyList<EntryResult> Results);
