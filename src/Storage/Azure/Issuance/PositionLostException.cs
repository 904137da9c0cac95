namespace MeshGrains.Storage;

/// <summary>Another writer has the shard: the append can never go in where it was to go.</summary>
internal sealed class PositionLostException(string message) : Exception(message);
