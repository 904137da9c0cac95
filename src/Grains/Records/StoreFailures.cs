namespace MeshGrains.Grains;

/// <summary>Turns what a store threw into a failure that crosses silo links: only <see cref="GrainOperationException"/> arrives whole everywhere.</summary>
internal static class StoreFailures
{
    public static GrainOperationException Of(Exception failure) => Tampered(failure) is { } tampered
        ? new GrainOperationException(RefusalCode.Internal, "record_tampered", $"A stored record is refused: {tampered.Message}")
        : failure as GrainOperationException
            ?? new GrainOperationException(RefusalCode.Unavailable, "store_unavailable", $"The store failed; try again shortly. {Innermost(failure).Message}");

    /// <summary>Of a registration's write: a lost compare-and-swap is a conflict.</summary>
    public static GrainOperationException OfEntry(Exception failure) => failure is RecordConflictException
        ? new GrainOperationException(RefusalCode.Conflict, "entry_conflict", failure.Message)
        : Of(failure);

    /// <summary>The refusal of a tampered record, which a grain host wraps into an exception of its own; null for any other failure.</summary>
    public static RecordTamperedException? Tampered(Exception? failure)
    {
        while (failure is not null and not RecordTamperedException)
        {
            failure = failure.InnerException;
        }

        return failure as RecordTamperedException;
    }

    private static Exception Innermost(Exception failure) => failure.GetBaseException();
}
