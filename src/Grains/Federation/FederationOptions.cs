namespace MeshGrains.Grains;

/// <summary>Section <c>federation</c>: foreign trust domains, how their bundles are fetched, and where our own is served to them.</summary>
public sealed class FederationOptions
{
    public const string Section = "federation";

    /// <summary>Our bundle endpoint.</summary>
    public FederationEndpointOptions Endpoint { get; set; } = new();

    /// <summary>Relationships that the configuration owns: they are made at start and cannot be changed through the API.</summary>
    public IList<FederationRelationshipOptions> Relationships { get; set; } = [];

    /// <summary>Foreign trust domains that there may be. Every silo holds all their bundles. Default 256.</summary>
    public int MaxRelationships { get; set; } = 256;

    /// <summary>A bundle is asked for by its own refresh hint (five minutes without one), but not more often than this. Default 30 s.</summary>
    public TimeSpan MinPoll { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>And not more rarely than this. Default 1 h.</summary>
    public TimeSpan MaxPoll { get; set; } = TimeSpan.FromHours(1);

    /// <summary>From the first packet to the last byte of one fetch, redirects included. Default 10 s.</summary>
    public TimeSpan FetchTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest bundle that is read, in bytes. Default 1 MiB.</summary>
    public int MaxBundleBytes { get; set; } = 1024 * 1024;
}
