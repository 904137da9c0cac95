namespace MeshGrains.Gateway.Rest;

/// <summary>Entries to create together; each stands alone.</summary>
internal sealed record EntryBatchBody(IReadOnlyList<EntryBody> Entries);
