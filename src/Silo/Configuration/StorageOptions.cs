namespace MeshGrains.Silo;

/// <summary>Section <c>storage</c>: where state and log lie. Without a blob endpoint: SQLite in the data directory.</summary>
internal sealed class StorageOptions
{
    /// <summary>Blob service of the state, as <c>https://ACCOUNT.blob.core.windows.net</c> or <c>http://127.0.0.1:10000/devstoreaccount1</c>.</summary>
    public string BlobEndpoint { get; set; } = "";

    /// <summary>Blob service of the issuance log; empty: <see cref="BlobEndpoint"/>. Another account keeps the log out of reach of who may write state.</summary>
    public string LogBlobEndpoint { get; set; } = "";

    public string Container { get; set; } = "meshgrains";

    public string LogContainer { get; set; } = "meshgrains-log";

    /// <summary>File with an account key, for emulators and trials; empty: workload or managed identity.</summary>
    public string AccountKeyFile { get; set; } = "";

    /// <summary>Account key of the log's account; empty: <see cref="AccountKeyFile"/>.</summary>
    public string LogAccountKeyFile { get; set; } = "";
}
