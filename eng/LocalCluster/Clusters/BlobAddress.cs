namespace MeshGrains.LocalCluster;

/// <summary>A blob service that a cluster uses.</summary>
/// <param name="Endpoint">With the account, as <c>http://127.0.0.1:10000/devstoreaccount1</c>.</param>
/// <param name="KeyFile">File with the account's key; empty: workload or managed identity.</param>
public sealed record BlobAddress(string Endpoint, string KeyFile);
