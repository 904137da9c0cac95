namespace MeshGrains.Grains;

/// <summary>The newest list that an issuing CA's silo published.</summary>
public sealed record IssuingCrl : StoredForm
{
    public required string AuthorityId { get; init; }

    public required long Number { get; init; }

    public required DateTimeOffset AuthorityEndsAt { get; init; }

    public required byte[] Der { get; init; }
}
