namespace MeshGrains.Grains;

/// <summary>Holds what this silo signs JWT-SVIDs with; the lifecycle swaps it, issuance reads.</summary>
public sealed class JwtSigningSource
{
    private JwtSigning? _current;

    internal JwtSigning? Current => Volatile.Read(ref _current);

    /// <summary>The kid of the key that this silo signs with; null while there is none.</summary>
    public string? KeyId => Current?.Signer.KeyId;

    /// <summary>Why there is nothing to sign with, in words; meaningful while there is nothing.</summary>
    public string WaitingFor { get; internal set; } = "no JWT authority was asked for yet";

    internal void Swap(JwtSigning? next) => Volatile.Write(ref _current, next);
}
