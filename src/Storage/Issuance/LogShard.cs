namespace MeshGrains.Storage;

/// <summary>One shard of the log, that is one issuer, at its newest batch. Hashes are SHA-256; the first batch follows 32 zero bytes.</summary>
internal sealed class LogShard
{
    public const int HashLength = 32;

    public required int Id { get; init; }

    public required string TrustDomain { get; init; }

    public required string Issuer { get; init; }

    /// <summary>How many batches the shard has: the number of the next one.</summary>
    public long Batches { get; set; }

    public byte[] HeadHash { get; } = new byte[HashLength];

    public long HighestBundle { get; set; }

    public bool IsStored { get; set; }

    /// <summary>Nothing more is ever written to it.</summary>
    public bool IsSealed { get; set; }
}
