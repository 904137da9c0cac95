using System.Globalization;
using MeshGrains.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Storage.Tests;

/// <summary>
/// Processes that are killed, over a VFS that drops what was not synced. Each promise has a control: with the guard taken out, it turns red.
/// </summary>
public sealed class CrashTests : IDisposable
{
    private const int Killed = 128 + 9;

    private readonly TempDirectory _folder = new();

    internal static SqliteSchema Empty { get; } = new("crash test database", 99, ["SELECT 1"]);

    [Fact]
    public async Task After_a_kill_exactly_the_committed_rows_are_there()
    {
        var told = await RunAsync(["rows", _folder.FullPath], vfs: "drop-unsynced");

        Assert.Equal(10, told.Count);
        Assert.Equal(told, ReadRows());
    }

    [Fact]
    public async Task Control_without_syncs_committed_rows_are_lost()
    {
        var told = await RunAsync(["rows", _folder.FullPath], vfs: "no-sync");

        Assert.Equal(10, told.Count);
        Assert.Empty(ReadRows());
    }

    [Fact]
    public async Task Checkpoints_and_reused_wals_keep_every_synced_commit_and_an_unsynced_one_is_lost()
    {
        var told = await RunAsync(["checkpoint", _folder.FullPath], vfs: "drop-unsynced");

        Assert.Equal(200, told.Count);
        Assert.Equal(told, ReadRows());
    }

    [Fact]
    public async Task Control_without_the_shim_an_unsynced_commit_outlives_the_process()
    {
        await RunAsync(["checkpoint", _folder.FullPath], vfs: null);

        Assert.Equal(201, ReadRows().Count);
    }

    [Theory]
    [InlineData("log.batch.begun:1")]
    [InlineData("log.batch.begun:25")]
    [InlineData("log.batch.written:1")]
    [InlineData("log.batch.written:37")]
    [InlineData("log.batch.synced:1")]
    [InlineData("log.batch.synced:30")]
    public async Task A_log_killed_at_a_named_point_has_all_it_answered_for(string killAt)
    {
        var told = await RunAsync(["log", _folder.FullPath, "0", "100000"], vfs: "drop-unsynced", killAt);

        await CheckLogAsync(told);
    }

    [Fact]
    public async Task A_log_killed_again_and_again_keeps_all_its_chains_and_no_serial_twice()
    {
        var told = new List<int>();
        for (var round = 0; round < 5; round++)
        {
            var point = round % 2 == 0 ? "written" : "synced";
            told.AddRange(await RunAsync(
                ["log", _folder.FullPath, (round * 1_000_000).ToString(CultureInfo.InvariantCulture), "100000"], "drop-unsynced", $"log.batch.{point}:{30 + (round * 7)}"));
        }

        await CheckLogAsync(told);
    }

    [Fact]
    public async Task A_log_killed_after_its_index_was_written_has_all_it_answered_for()
    {
        // Enough records for the index file and for checkpoints, then the kill.
        var told = await RunAsync(["log", _folder.FullPath, "0", "40000"], vfs: "drop-unsynced");

        Assert.Equal(40_000, told.Count);
        await CheckLogAsync(told);
    }

    [Fact]
    public async Task Control_without_syncs_the_log_loses_what_it_answered_for()
    {
        var told = await RunAsync(["log", _folder.FullPath, "0", "100000"], vfs: "no-sync", "log.batch.synced:30");

        Assert.NotEmpty(told);
        Assert.NotEmpty(await MissingAsync(told));
    }

    [Fact]
    public async Task Control_recording_after_the_answer_loses_what_it_answered_for()
    {
        var told = await RunAsync(["log", _folder.FullPath, "0", "2000"], vfs: "drop-unsynced", log: "record-after-reply");

        Assert.Equal(2000, told.Count);
        Assert.NotEmpty(await MissingAsync(told));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<List<int>> RunAsync(string[] arguments, string? vfs, string? killAt = null, string? log = null)
    {
        var dotnet = Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        var result = await Tool.RunAsync(dotnet, ["exec", typeof(CrashTests).Assembly.Location, .. arguments], environment: new Dictionary<string, string?>
        {
            ["DOTNET_STARTUP_HOOKS"] = Path.Combine(AppContext.BaseDirectory, "MeshGrains.Faults.dll"),
            ["MESH_FAULT_VFS"] = vfs,
            ["MESH_FAULT_KILL_AT"] = killAt,
            ["MESH_FAULT_LOG"] = log,
        });
        Assert.True(result.ExitCode == Killed, result.ToString());
        return [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
    }

    private List<int> ReadRows()
    {
        using var session = SqliteFile.Open(_folder.File("rows.db"), Empty, SqliteAccess.ReadWrite, TimeSpan.FromSeconds(5));
        Assert.Equal(1, session.Number("SELECT integrity_check = 'ok' FROM pragma_integrity_check"));
        if (session.Number("SELECT count(*) FROM sqlite_master WHERE name = 'row'") == 0)
        {
            return [];
        }

        var numbers = new List<int>();
        using var rows = session.Use("SELECT number FROM row ORDER BY number");
        while (rows.Step())
        {
            numbers.Add((int)rows.Int64(0));
        }

        return numbers;
    }

    private async Task CheckLogAsync(List<int> told)
    {
        Assert.Empty(await MissingAsync(told));
        using var log = Open();
        var all = await log.ListAsync(Records.TrustDomain, null, int.MaxValue, CancellationToken.None);
        Assert.Equal(all.Count, all.Select(found => found.Record.Serial).Distinct().Count());
        Assert.Equal(all.Count, (await log.CountLiveAsync(Records.TrustDomain, Records.Start, CancellationToken.None)).Values.Sum());
        Assert.Empty(await log.VerifyChainAsync(CancellationToken.None));

        // And it goes on.
        await log.AppendAsync(Records.Leaf(int.MaxValue), CancellationToken.None);
        if (told.Count > 0)
        {
            await Assert.ThrowsAsync<MeshGrains.Grains.RecordConflictException>(async () => await log.AppendAsync(Records.Leaf(told[0]), CancellationToken.None));
        }
    }

    private async Task<List<int>> MissingAsync(List<int> told)
    {
        using var log = Open();
        var missing = new List<int>();
        foreach (var number in told)
        {
            if (await log.FindBySerialAsync(Records.TrustDomain, Records.Serial(number), null, CancellationToken.None) is null)
            {
                missing.Add(number);
            }
        }

        return missing;
    }

    private SqliteIssuanceLog Open() => new(
        SqliteStorageOptions.Under(_folder.FullPath).Log!, TimeProvider.System, NullLogger<SqliteIssuanceLog>.Instance);
}
