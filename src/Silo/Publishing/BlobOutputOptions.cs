using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>One blob of an Azure storage account. Only builds on Orleans have the client for it.</summary>
internal sealed class BlobOutputOptions
{
    public string Name { get; set; } = "";

    /// <summary>Blob service, as <c>https://ACCOUNT.blob.core.windows.net</c>; never the one of the state.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>It has to be there; readers are let in by its own access rules.</summary>
    public string Container { get; set; } = "";

    public string Blob { get; set; } = "";

    public BundleFormat Format { get; set; } = BundleFormat.Spiffe;

    /// <summary>File with an account key, for emulators and trials; empty: workload or managed identity.</summary>
    public string AccountKeyFile { get; set; } = "";

    public TimeSpan? Lag { get; set; }
}
