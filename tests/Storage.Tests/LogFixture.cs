using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Storage.Tests;

/// <summary>An issuance log in a folder of its own, and a way to change its files behind its back.</summary>
public class LogFixture : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly Lock _opening = new();
    private SqliteIssuanceLog? _log;

    internal FakeTimeProvider Time { get; } = new();

    internal TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(10);

    internal string LogPath => _folder.File("log/issuance.db");

    internal string IndexPath => _folder.File("log/issuance.index.db");

    /// <summary>Opened at the first use, once, however many ask at the same time.</summary>
    internal SqliteIssuanceLog Log
    {
        get
        {
            lock (_opening)
            {
                return _log ??= Open();
            }
        }
    }

    internal SqliteIssuanceLog Open(int queueCapacity = 8192, int batchLimit = 512) => new(
        new SqliteIssuanceLogOptions
        {
            Path = LogPath,
            QueueCapacity = queueCapacity,
            BatchLimit = batchLimit,
            BusyTimeout = BusyTimeout,
        },
        Time, NullLogger<SqliteIssuanceLog>.Instance);

    internal void Close()
    {
        _log?.Dispose();
        _log = null;
    }

    internal Task AppendAsync(IssuanceRecord record) => Log.AppendAsync(record, CancellationToken.None).AsTask();

    internal Task AppendManyAsync(int first, int count, Func<int, IssuanceRecord>? record = null)
        => Task.WhenAll(Enumerable.Range(first, count).Select(number => AppendAsync(record is null ? Records.Leaf(number) : record(number))));

    internal int Tamper(string sql, string? path = null)
    {
        using var connection = Connect(path);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    internal SqliteConnection Connect(string? path = null)
    {
        var connection = new SqliteConnection($"Data Source={path ?? LogPath};Pooling=False");
        connection.Open();
        return connection;
    }

    public void Dispose()
    {
        Close();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }
}
