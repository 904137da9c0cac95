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

    /// <summary>Where this silo listens for other silos; port 0 takes a free one.</summary>
    public string Listen { get; set; } = "127.0.0.1:0";

    /// <summary>The address that other silos reach it at; empty: <see cref="Listen"/>.</summary>
    public string Advertise { get; set; } = "";

    /// <summary>A silo that misses this many probes in a row, a probe every <see cref="ProbeInterval"/>, is suspected.</summary>
    public int MissedProbes { get; set; } = 3;

    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(5);
}
