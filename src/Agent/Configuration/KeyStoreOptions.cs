namespace MeshGrains.Agent;

/// <summary>Section <c>keyStore</c>: what an agent that starts anew still has.</summary>
internal sealed class KeyStoreOptions
{
    public const string Memory = "memory";
    public const string Disk = "disk";

    /// <summary><c>memory</c>: nothing, it attests anew. <c>disk</c>: its own identity, the workloads' SVIDs, entries and bundles, sealed.</summary>
    public string Mode { get; set; } = Memory;

    /// <summary>Holds the sealed files; made with mode 0700.</summary>
    public string Directory { get; set; } = "/var/lib/meshgrains/agent";

    /// <summary>32 random bytes, mode 0600; made when missing. Empty: <c>seal.key</c> in the directory, which protects a copy of the sealed files alone.</summary>
    public string SealKeyFile { get; set; } = "";
}
