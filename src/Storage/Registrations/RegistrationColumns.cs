namespace MeshGrains.Storage;

/// <summary>What stands in the columns beside a registration's content. <paramref name="TwinName"/> says what makes two of them twins.</summary>
internal sealed record RegistrationColumns(
    string TrustDomain, string Id, long Revision, string OperationId, string Twin, string? Identity, string? Parent, string? Lead, string TwinName);
