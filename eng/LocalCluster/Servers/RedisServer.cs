using System.Net;

namespace MeshGrains.LocalCluster;

/// <summary>A redis-server of our own on a loopback port: appendonly, noeviction, one ACL user with a password and no other.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    public const string Program = "redis-server";

    /// <summary>The Debian package that has it.</summary>
    public const string Package = "redis-server";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private RedisServer(ChildProcess process, string folder, int port, string user, string passwordFile) =>
        (Process, Folder, Port, User, PasswordFile) = (process, folder, port, user, passwordFile);

    public ChildProcess Process { get; }

    /// <summary>Where its append-only file lies; starting it there again brings the data back.</summary>
    public string Folder { get; }

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    public string User { get; }

    public string PasswordFile { get; }

    public static bool IsInstalled => ChildProcess.Find(Program) is not null;

    /// <summary>Starts it over <paramref name="folder"/> (made 0700 when missing) and waits until it listens.</summary>
    public static async Task<RedisServer> StartAsync(string folder, int port, string user, string password, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var passwordFile = Path.Combine(folder, "password");
        await WriteSecretAsync(passwordFile, password, cancellationToken);

        // The password goes through a file: a command line is for every user of the machine to read.
        // The default user is off, nobody can be it, and still it has its rights: as that user a Redis 7.0 that starts plays back the transactions
        // in its append-only file, and one that it has no right to is left out with a line in the log.
        await WriteSecretAsync(
            Path.Combine(folder, "redis.conf"),
            $"""
            bind 127.0.0.1
            port {port}
            dir {folder}
            appendonly yes
            appendfsync everysec
            maxmemory-policy noeviction
            save ""
            user default off resetpass ~* &* +@all
            user {user} on >{password} ~* &* +@all
            """,
            cancellationToken);
        var process = ChildProcess.Start(
            ChildProcess.Find(Program) ?? throw new FileNotFoundException($"{Program} is not installed (Debian package {Package})."), [Path.Combine(folder, "redis.conf")]);
        try
        {
            await Waiting.UntilListeningAsync(new IPEndPoint(IPAddress.Loopback, port), process, Patience, cancellationToken);
            return new RedisServer(process, folder, port, user, passwordFile);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private static async Task WriteSecretAsync(string path, string text, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await file.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text), cancellationToken);
    }
}
