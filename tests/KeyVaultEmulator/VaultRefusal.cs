namespace MeshGrains.KeyVaultEmulator;

/// <summary>A refusal as Key Vault words it: status, code, and an inner code where there is one.</summary>
internal sealed class VaultRefusal(int status, string code, string message, string? innerCode = null) : Exception(message)
{
    public int Status => status;

    public string Code => code;

    public string? InnerCode => innerCode;

    public int? RetryAfterSeconds { get; init; }
}
