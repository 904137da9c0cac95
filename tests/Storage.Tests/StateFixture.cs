using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Data.Sqlite;

namespace MeshGrains.Storage.Tests;

/// <summary>A state database in a folder of its own, the key that authenticates its rows, and a way to change rows behind the product's back.</summary>
public class StateFixture : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly Lock _opening = new();
    private SqliteDatabase? _database;

    /// <summary>Opened at the first use, once, however many ask at the same time.</summary>
    internal SqliteDatabase Database
    {
        get
        {
            lock (_opening)
            {
                return _database ??= Open();
            }
        }
    }

    internal string DatabasePath => _folder.File("state.db");

    internal RecordSeal Seal { get; private set; } = NewProcess();

    /// <summary>What a fresh process knows: the key, and no version seen yet.</summary>
    internal static RecordSeal NewProcess()
    {
        var authenticator = new RecordAuthenticator();
        authenticator.Provide(new byte[32]);
        return new RecordSeal(authenticator);
    }

    internal SqliteDatabase Open() => new(DatabasePath, StateSchema.Current, TimeSpan.FromSeconds(5));

    internal void Restart()
    {
        _database?.Dispose();
        _database = null;
        Seal = NewProcess();
    }

    /// <summary>What somebody with a shell does to the file; returns how many rows changed.</summary>
    internal int Tamper(string sql, params (string Name, object Value)[] parameters)
    {
        using var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        _database?.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }
}
