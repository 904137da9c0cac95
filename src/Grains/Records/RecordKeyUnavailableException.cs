namespace MeshGrains.Grains;

/// <summary>The key that authenticates trust-bearing records is not unwrapped yet: the KMS has not answered since this process started.</summary>
public sealed class RecordKeyUnavailableException()
    : Exception("The record key is not unwrapped yet; waiting for the key manager to answer.");
