namespace MeshGrains.Keys.Azure;

/// <summary>How this process proves itself to the token authority.</summary>
internal enum VaultCredentialKind
{
    /// <summary>A federated token file when there is one, else a client secret, else the machine's managed identity.</summary>
    ByEnvironment,
    WorkloadIdentity,
    ManagedIdentity,
    ClientSecret,
}
