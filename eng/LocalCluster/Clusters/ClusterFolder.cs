using System.Text;

namespace MeshGrains.LocalCluster;

/// <summary>What lies where in a cluster's folder.</summary>
public sealed class ClusterFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>A Unix socket's path has room for 107 bytes, and the longest of this folder is a silo's.</summary>
    private const int MaxPathBytes = 107 - 33;

    private ClusterFolder(string path) => Root = path;

    public string Root { get; }

    public string Control => In("control.sock");

    public string Lock => In("lock");

    /// <summary>What the cluster is, so that the next start brings the same one back.</summary>
    public string Plan => In("cluster.json");

    /// <summary>The ids of the processes that run.</summary>
    public string Processes => In("processes");

    public string SupervisorLog => In("supervisor.log");

    public string BootstrapCa => In("bootstrap-ca");

    public string Keys => In("keys");

    public string SealKey => Path.Combine(Keys, "seal.key");

    public string Redis => In("redis");

    public string Azurite => In("azurite");

    public string AccountKey => In("account.key");

    public string RelayAddresses => In("silos.txt");

    /// <summary>As in a silo's data directory, so that <c>meshctl --data</c> works with this folder.</summary>
    public string Endpoints => In("endpoints.json");

    public string BundlePem => In("bundle.pem");

    public string BundleJson => In("bundle.json");

    /// <exception cref="IOException">It cannot be made.</exception>
    public static ClusterFolder Create(string path)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(full, OwnerOnly);
        File.SetUnixFileMode(full, OwnerOnly);
        return new ClusterFolder(full);
    }

    public static ClusterFolder At(string path) => new(Path.GetFullPath(path));

    /// <summary>Null when Unix sockets fit into it, else what is wrong.</summary>
    public string? Fault => Encoding.UTF8.GetByteCount(Root) <= MaxPathBytes
        ? null
        : $"{Root} is too long for the Unix sockets in it ({MaxPathBytes} bytes at most). Give a shorter --data.";

    /// <summary>The data directory of a process.</summary>
    public string Data(string member) => In(Path.Combine("nodes", member));

    public string Log(string member) => In(Path.Combine("logs", member + ".log"));

    /// <summary>A folder of this user alone; made when missing.</summary>
    public static string Private(string path) => Directory.CreateDirectory(path, OwnerOnly).FullName;

    /// <summary>Whole or not at all: a reader sees the old content or the new.</summary>
    public static void WriteAtomically(string path, ReadOnlySpan<byte> content)
    {
        var fresh = $"{path}.{Environment.CurrentManagedThreadId}.new";
        using (var file = new FileStream(fresh, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.Write(content);
        }

        File.Move(fresh, path, overwrite: true);
    }

    private string In(string name) => Path.Combine(Root, name);
}
