namespace MeshGrains.Grains;

/// <summary>
/// The record key as stored. The wrapping key's name is recorded before it is made (then <paramref name="KeyReference"/> and
/// <paramref name="Wrapped"/> are null); later both are set. <paramref name="Wrapped"/> is standard base64.
/// </summary>
public sealed record WrappedRecordKey(string WrappingKeyName, string? KeyReference, string? Wrapped);
