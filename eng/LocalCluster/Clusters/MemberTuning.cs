namespace MeshGrains.LocalCluster;

/// <summary>How one process of a cluster differs from its fellows.</summary>
public sealed record MemberTuning
{
    public static MemberTuning None { get; } = new();

    /// <summary>The <c>meshgrains</c> that it is started with, where that is not the cluster's.</summary>
    public string? Program { get; init; }

    /// <summary>Further flags of <c>meshgrains</c>, after the cluster's own.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Where other silos reach it, for its address; null: where it listens.</summary>
    public Func<string, string>? Advertise { get; init; }

    /// <summary>Its Redis and blob service, where they are not the cluster's: a proxy before them, say.</summary>
    public RedisAddress? Redis { get; init; }

    public BlobAddress? Blob { get; init; }
}
