namespace MeshGrains.Cli;

/// <summary>Entries to create together.</summary>
internal sealed record EntryBatchBody(IReadOnlyList<EntryBody> Entries);

/// <summary>What became of one entry of a batch.</summary>
internal sealed record EntryResult(string? Status, string? Id, string? Reason, string? Detail)
{
    public const string Created = "created";
    public const string Exists = "exists";

    /// <summary>The store failed: it may be sent again.</summary>
    public const string Failed = "failed";
}

/// <summary>One result for each entry of a batch, in their order.</summary>
internal sealed record EntryBatchView(IReadOnlyList<EntryResult>? Results);

/// <summary>An entry of a file that is not stored; the number counts from 1.</summary>
internal sealed record EntryFailure(long Number, string SpiffeId, string? Reason, string? Detail);

/// <summary>What became of the entries of a file; of those that are not stored the first hundred are named.</summary>
internal sealed record EntryImportReport(long Created, long Existed, long NotStored, IReadOnlyList<EntryFailure> Failures);
