namespace MeshGrains.Storage;

/// <summary>
/// A registration as it lies in the file. The columns beside the content only find the row; they are compared with the content at each read.
/// </summary>
internal sealed record RegistrationRow(
    string TrustDomain, string Id, long Revision, string OperationId, string? Twin, string? Identity, string? Parent, string? Lead,
    StoredRecord Record);
