namespace MeshGrains.Keys;

/// <summary>What a key manager needs besides its URI. The defaults serve production; the rest is for private clouds, drills and tests.</summary>
public sealed record KeyManagerOptions
{
    /// <summary>The product's data directory. A relative <c>file:</c> directory and the default seal key lie in it.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>PEM text of the only roots trusted for the KMS and its token authority; null trusts the system's.</summary>
    public string? TrustedRootsPem { get; init; }

    /// <summary>The calls this process may make to its KMS; share one among the managers of a process. Null makes one of the default size.</summary>
    public CallBudget? Budget { get; init; }

    /// <summary>Bounds and back-off of remote calls.</summary>
    public RemoteCallOptions Remote { get; init; } = new();

    /// <summary>Numbers in [0, 1) that spread retries out. Not used for secrets.</summary>
    public Func<double> Jitter { get; init; } = Random.Shared.NextDouble;

    /// <summary>Where the settings of Azure credentials (<c>AZURE_CLIENT_ID</c> and the like) are read from.</summary>
    public Func<string, string?> ReadEnvironment { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>PBKDF2-SHA256 rounds for a new passphrase seal; not below 600,000. Only tests have a reason to touch it.</summary>
    public int PassphraseIterations { get; init; } = 600_000;
}
