using System.Text.Json;

namespace MeshGrains.Gateway.Acme;

/// <summary>All that outlives a restart: the account's key, the certificate with its key, who orders now, and what the CA has to find. Stored sealed, or in a file of 0600.</summary>
internal sealed record AcmeDocument
{
    /// <summary>Grows by one with each write; 0 was never written.</summary>
    public long Number { get; init; }

    /// <summary>Whose account it is: another CA gets another key.</summary>
    public string Directory { get; init; } = "";

    /// <summary>PKCS #8.</summary>
    public byte[]? AccountKey { get; init; }

    /// <summary>What the certificate was ordered for.</summary>
    public string Domain { get; init; } = "";

    /// <summary>PEM, leaf first.</summary>
    public string? Chain { get; init; }

    /// <summary>PKCS #8.</summary>
    public byte[]? Key { get; init; }

    /// <summary>Who orders now; the others leave it to him until then.</summary>
    public AcmeTurn? Turn { get; init; }

    /// <summary>What the CA asks for while an order is under way.</summary>
    public IReadOnlyList<AcmeAnswer> Answers { get; init; } = [];

    /// <summary>When the CA would have it renewed, and when to ask again.</summary>
    public AcmeWindow? Window { get; init; }

    /// <summary>Orders that failed since the last good one.</summary>
    public int Failures { get; init; }

    /// <summary>Why the last one did.</summary>
    public string? Failure { get; init; }

    public DateTimeOffset? NextAttemptAt { get; init; }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, AcmeJson.Default.AcmeDocument);

    /// <exception cref="InvalidDataException">It is no such document.</exception>
    public static AcmeDocument Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, AcmeJson.Default.AcmeDocument) ?? throw new InvalidDataException("The stored ACME document is empty.");
        }
        catch (JsonException)
        {
            // What it says in detail may quote a key.
            throw new InvalidDataException("The stored ACME document cannot be read.");
        }
    }
}

/// <summary>Who orders, and how long the others wait for him.</summary>
internal sealed record AcmeTurn(string Holder, DateTimeOffset Until);

/// <summary>The answer to a challenge: <paramref name="KeyAuthorization"/> is the token with the account key's thumbprint (RFC 8555 section 8.1).</summary>
internal sealed record AcmeAnswer(string Domain, string Token, string KeyAuthorization);

/// <summary>Renewal information (RFC 9773); no <paramref name="Start"/> where the CA has none.</summary>
internal sealed record AcmeWindow(DateTimeOffset? Start, DateTimeOffset? End, DateTimeOffset AskAgainAt);
