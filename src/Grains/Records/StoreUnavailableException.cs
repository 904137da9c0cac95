namespace MeshGrains.Grains;

/// <summary>A store failed or refused; the text says what to do. Whether a write that failed so took place is not known: read again.</summary>
public abstract class StoreUnavailableException(string message) : IOException(message);
