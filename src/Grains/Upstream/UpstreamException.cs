namespace MeshGrains.Grains;

/// <summary>The outside CA cannot be used; the message says why and what to do, and holds no secret.</summary>
public sealed class UpstreamException(string message) : Exception(message);
