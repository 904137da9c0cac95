namespace MeshGrains.Grains;

/// <summary>A log record with its position: positions grow with time and serve as page marks.</summary>
public sealed record PositionedRecord(long Position, IssuanceRecord Record);
