namespace MeshGrains.Grains;

/// <summary>Stored state that this version cannot read.</summary>
public sealed class StateFormatException(string message, Exception? inner = null) : Exception(message, inner);
