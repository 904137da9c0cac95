namespace MeshGrains.Faults;

/// <summary>
/// What is done to a process of the product, which knows nothing of it. Read from the environment:
/// <list type="bullet">
/// <item><c>MESH_FAULT_VFS=drop-unsynced</c>: whatever SQLite wrote and did not sync is lost when the process is killed.</item>
/// <item><c>MESH_FAULT_VFS=no-sync</c>: a planted fault; syncs are answered and not done, so a kill loses what was committed.</item>
/// <item><c>MESH_FAULT_KILL_AT=log.batch.written:37</c>: SIGKILL at the 37th time that this diagnostic point of MeshGrains is passed.</item>
/// <item><c>MESH_FAULT_LOG=record-after-reply</c>: a planted fault; the issuance log answers at once and records 200 ms later.</item>
/// <item><c>MESH_FAULT_CLOCK_SLOW_AFTER=20</c>: a planted fault; 20 s after the start measured times begin to run a thousand times too slow.</item>
/// <item><c>MESH_FAULT_FEDERATION=forget-sequences</c>: a planted fault; a foreign bundle's sequence is raised where it went back or was used before.</item>
/// <item><c>MESH_FAULT_STATE=refuse</c>: a planted fault; no stored grain state can be read.</item>
/// </list>
/// Other processes cannot read the databases while such a process lives; afterwards the files are as after a loss of power.
/// </summary>
internal sealed record FaultPlan(string? Vfs, string? KillAt, string? Log, string? ClockSlowAfter, string? Federation = null, string? State = null)
{
    public static FaultPlan FromEnvironment() => new(
        Read("MESH_FAULT_VFS"), Read("MESH_FAULT_KILL_AT"), Read("MESH_FAULT_LOG"), Read("MESH_FAULT_CLOCK_SLOW_AFTER"), Read("MESH_FAULT_FEDERATION"), Read("MESH_FAULT_STATE"));

    /// <exception cref="ArgumentException">A variable has a value that is none of the above.</exception>
    public void Start()
    {
        switch (Vfs)
        {
            case null:
                break;
            case "drop-unsynced":
                SqliteShim.Register(honoursSync: true);
                break;
            case "no-sync":
                SqliteShim.Register(honoursSync: false);
                break;
            default:
                throw new ArgumentException($"MESH_FAULT_VFS is '{Vfs}', neither drop-unsynced nor no-sync.");
        }

        if (KillAt is not null)
        {
            KillPoint.Parse(KillAt).Watch();
        }

        if (ClockSlowAfter is not null)
        {
            SlowClockPlanter.Watch(ClockSlowAfter);
        }

        switch (Federation)
        {
            case null:
                break;
            case "forget-sequences":
                FetcherPlanter.Watch();
                break;
            default:
                throw new ArgumentException($"MESH_FAULT_FEDERATION is '{Federation}', not forget-sequences.");
        }

        switch (State)
        {
            case null:
                break;
            case "refuse":
                CodecPlanter.Watch();
                break;
            default:
                throw new ArgumentException($"MESH_FAULT_STATE is '{State}', not refuse.");
        }

        switch (Log)
        {
            case null:
                break;
            case "record-after-reply":
                LateLogPlanter.Watch();
                break;
            default:
                throw new ArgumentException($"MESH_FAULT_LOG is '{Log}', not record-after-reply.");
        }
    }

    private static string? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
