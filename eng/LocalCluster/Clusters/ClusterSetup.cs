namespace MeshGrains.LocalCluster;

/// <summary>What a cluster of this machine is to be.</summary>
public sealed record ClusterSetup
{
    /// <summary>Its folder: stores, keys, certificates and a data directory for each process. Made 0700 when missing.</summary>
    public required string Folder { get; init; }

    public required int Silos { get; init; }

    public string TrustDomain { get; init; } = "mesh.local";

    /// <summary>Configuration that all its processes share; null for none.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Further flags of every process of it.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>Where the gateway listens; null for a cluster without one.</summary>
    public string? GatewayListen { get; init; } = "127.0.0.1:8443";

    /// <summary>Null: a redis-server of its own.</summary>
    public RedisAddress? Redis { get; init; }

    /// <summary>Null: an Azurite of its own.</summary>
    public BlobAddress? Blob { get; init; }

    /// <summary>An Azurite of its own keeps nothing on disk. Else it writes its whole index anew every few seconds, which a large one feels.</summary>
    public bool BlobsInMemory { get; init; }

    /// <summary>Null: sealed files in its folder.</summary>
    public string? KeyUri { get; init; }

    /// <summary>The <c>meshgrains</c> that runs; null: the release build of this tree.</summary>
    public string? Program { get; init; }

    /// <summary>What is different for the process of a name.</summary>
    public Func<string, MemberTuning> Tuning { get; init; } = _ => MemberTuning.None;

    /// <summary>Takes what a person should know.</summary>
    public Action<string> Tell { get; init; } = _ => { };
}
