using System.Diagnostics;
using System.Globalization;
using MeshGrains.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Storage.Tests;

/// <summary>
/// The process that the crash tests start and kill: this assembly, run by itself with a scenario and a folder. It writes what it was told is
/// durable to standard output, a line at a time.
/// </summary>
internal static class Subject
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["rows", var folder]:
                Rows(folder);
                break;
            case ["checkpoint", var folder]:
                Checkpoint(folder);
                break;
            case ["log", var folder, var first, var count]:
                await LogAsync(folder, Number(first), Number(count));
                break;
            default:
                await Console.Error.WriteLineAsync("Scenarios: rows FOLDER, checkpoint FOLDER, log FOLDER FIRST COUNT");
                return 2;
        }

        Kill();
        return 1;
    }

    // Ten commits, then five rows in a transaction that never ends.
    private static void Rows(string folder)
    {
        using var session = Open(folder);
        session.Run("CREATE TABLE row (number INTEGER PRIMARY KEY)");
        for (var number = 1; number <= 10; number++)
        {
            session.Run($"INSERT INTO row VALUES ({number})");
            Console.WriteLine(number);
        }

        session.Run("BEGIN");
        session.Run("INSERT INTO row VALUES (11), (12), (13), (14), (15)");
        Kill();
    }

    // Commits, a checkpoint, an overwritten WAL, and a commit that is not synced (synchronous=OFF) at the end.
    private static void Checkpoint(string folder)
    {
        using var session = Open(folder);
        session.Run("CREATE TABLE row (number INTEGER PRIMARY KEY, filler BLOB)");
        for (var number = 1; number <= 200; number++)
        {
            session.Run($"INSERT INTO row VALUES ({number}, randomblob(3000))");
            Console.WriteLine(number);
            if (number % 50 == 0)
            {
                session.Run("PRAGMA wal_checkpoint(TRUNCATE)");
            }
        }

        session.Run("PRAGMA synchronous=OFF");
        session.Run("INSERT INTO row VALUES (201, NULL)");
        Kill();
    }

    // 64 callers append and tell every serial that the log said was durable. The log is built into a host, as in the product.
    private static async Task LogAsync(string folder, int first, int count)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddMeshSqliteStorage(SqliteStorageOptions.Under(folder));
        using var host = builder.Build();
        var log = host.Services.GetRequiredService<IIssuanceLog>();
        var output = new Lock();
        var next = first;
        await Task.WhenAll(Enumerable.Range(0, 64).Select(async _ =>
        {
            for (int number; (number = Interlocked.Increment(ref next)) <= first + count;)
            {
                await log.AppendAsync(Records.Leaf(number, identity: number % 10, issuer: $"issuer-{number % 3}"), CancellationToken.None);
                lock (output)
                {
                    Console.WriteLine(number);
                }
            }
        }));
    }

    private static SqliteSession Open(string folder)
        => SqliteFile.Open(Path.Combine(folder, "rows.db"), CrashTests.Empty, SqliteAccess.ReadWrite, TimeSpan.FromSeconds(5));

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    // On Unix this is SIGKILL; the thread must not get past it meanwhile.
    private static void Kill()
    {
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
