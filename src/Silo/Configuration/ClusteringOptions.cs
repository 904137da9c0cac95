using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Silo;

/// <summary>Section <c>clustering</c>: how silos find and reach each other. Without Redis the silo is a cluster by itself.</summary>
[SuppressMessage("Usage", "CA2227", Justification = "Bound from the configuration.")]
internal sealed class ClusteringOptions
{
    /// <summary>Redis of the membership table and the reminders: <c>host:port</c>, several separated by commas. Empty: one silo by itself.</summary>
    public string Redis { get; set; } = "";

    public string RedisUser { get; set; } = "";

    /// <summary>File with the password; read again at each connection.</summary>
    public string RedisPasswordFile { get; set; } = "";

    public bool RedisTls { get; set; }

    /// <summary>PEM roots for Redis's TLS; empty: the system's.</summary>
    public string RedisCaFile { get; set; } = "";

    /// <summary>Accept a Redis beyond loopback without TLS or password. Whoever reaches it can take silos out of the cluster.</summary>
    public bool AllowInsecure { get; set; }

    /// <summary>How long a start waits for Redis before it gives up.</summary>
    public TimeSpan RedisPatience { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Where this silo listens for other silos; port 0 takes a free one.</summary>
    public string Listen { get; set; } = "127.0.0.1:0";

    /// <summary>The IP address, or IP address and port, that other silos reach it at; empty: <see cref="Listen"/>.</summary>
    public string Advertise { get; set; } = "";

    /// <summary>A silo that misses this many probes in a row, a probe every <see cref="ProbeInterval"/>, is suspected.</summary>
    public int MissedProbes { get; set; } = 3;

    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often this silo looks after its own row of the membership table, give or take a fifth.</summary>
    public TimeSpan WatchInterval { get; set; } = TimeSpan.FromSeconds(5);
}
