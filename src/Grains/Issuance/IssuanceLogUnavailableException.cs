namespace MeshGrains.Grains;

/// <summary>The issuance log could not take a record, so no certificate may leave. The caller answers UNAVAILABLE.</summary>
public sealed class IssuanceLogUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
