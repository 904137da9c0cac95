namespace MeshGrains.Grains;

/// <summary>What became of one entry of a batch: the stored entry where there is one, else why there is none.</summary>
public sealed record EntryOutcome(EntryOutcomeKind Kind, RegistrationEntry? Entry, Refusal? Refusal)
{
    public static EntryOutcome Created(RegistrationEntry entry) => new(EntryOutcomeKind.Created, entry, null);

    public static EntryOutcome Exists(RegistrationEntry entry) => new(EntryOutcomeKind.Exists, entry, null);

    /// <summary>What can be tried again is failed, all else refused.</summary>
    public static EntryOutcome Of(Refusal refusal)
        => new(refusal.Code is RefusalCode.Unavailable or RefusalCode.Internal ? EntryOutcomeKind.Failed : EntryOutcomeKind.Refused, null, refusal);
}
