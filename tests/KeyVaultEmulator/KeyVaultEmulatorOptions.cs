namespace MeshGrains.KeyVaultEmulator;

/// <summary>How the emulator behaves. The defaults are the real service's, as far as Microsoft documents it.</summary>
public sealed record KeyVaultEmulatorOptions
{
    /// <summary>0 takes a free port, or the one that <see cref="DataFile"/> remembers.</summary>
    public int Port { get; init; }

    /// <summary>Keeps keys, certificates, secrets and the port over a restart; null keeps nothing.</summary>
    public string? DataFile { get; init; }

    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Keys made in ten seconds in one vault (software keys; half of it for HSM keys).</summary>
    public int CreateLimit { get; init; } = 20;

    /// <summary>
    /// Other transactions in ten seconds in one vault, in units of one P-256 or RSA-2048 transaction; RSA-3072 weighs 4 and RSA-4096 weighs 8,
    /// and each weighs double on HSM keys.
    /// </summary>
    public int TransactionLimit { get; init; } = 4000;

    /// <summary>Whether a 429 of the buckets carries Retry-After. The real service was seen without.</summary>
    public bool ThrottleNamesRetryAfter { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
