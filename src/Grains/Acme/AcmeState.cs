namespace MeshGrains.Grains;

/// <summary>The stored, sealed document (<see cref="AcmeSeal"/>).</summary>
public sealed record AcmeState : StoredForm
{
    public long Number { get; init; }

    public byte[] Box { get; init; } = [];

    public string? OperationId { get; init; }
}
