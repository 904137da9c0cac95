namespace MeshGrains.Storage;

/// <summary>Where the embedded store lies: the state database, and apart from it the issuance log.</summary>
public sealed class SqliteStorageOptions
{
    /// <summary>The file of grain state, registrations, denials, join tokens, reminders and the record key. Its folder is made when missing.</summary>
    public required string StatePath { get; init; }

    /// <summary>How long a write waits for another process that holds the state database.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The issuance log; null where another <c>IIssuanceLog</c> is registered.</summary>
    public SqliteIssuanceLogOptions? Log { get; init; }

    /// <summary><c>state.db</c> and <c>log/issuance.db</c> under a data directory.</summary>
    public static SqliteStorageOptions Under(string dataDirectory) => new()
    {
        StatePath = Path.Combine(dataDirectory, "state.db"),
        Log = new SqliteIssuanceLogOptions { Path = Path.Combine(dataDirectory, "log", "issuance.db") },
    };

    /// <exception cref="ArgumentException">An option is out of its range; the text says what to do.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(StatePath))
        {
            throw new ArgumentException("The state database needs a file; name one.");
        }

        if (BusyTimeout < TimeSpan.Zero || BusyTimeout > TimeSpan.FromMinutes(1))
        {
            throw new ArgumentException("The state database's busy timeout must lie between 0 and 1 min.");
        }

        Log?.Validate();
    }
}
