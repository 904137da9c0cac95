namespace MeshGrains.Bench;

/// <summary>What a drill's cluster is to be.</summary>
internal sealed record DrillPlan
{
    public int Silos { get; init; } = 3;

    /// <summary>Further sections of the configuration (YAML), beside <c>keys</c> and <c>ca</c>.</summary>
    public string Config { get; init; } = "";

    /// <summary>Further flags of every silo.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>A gateway in front of the silos.</summary>
    public bool Gateway { get; init; } = true;

    /// <summary>Keys in the Key Vault emulator; else sealed files.</summary>
    public bool VaultKeys { get; init; } = true;

    /// <summary>Azurite keeps nothing on disk: for what is measured, never for what is killed.</summary>
    public bool BlobsInMemory { get; init; }

    /// <summary>Another cluster in whose Redis and Azurite this one keeps its own state; null for servers of its own.</summary>
    public MeshCluster? StoresOf { get; init; }

    /// <summary>The meshgrains executable; null: the release build of this tree.</summary>
    public string? Server { get; init; }

    /// <summary>Asked at every start of a process, its stores running by then: what is different for it now.</summary>
    public Func<string, MeshCluster, MemberTuning> Tuning { get; init; } = (_, _) => MemberTuning.None;
}
