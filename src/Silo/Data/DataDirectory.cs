using System.Text;

namespace MeshGrains.Silo;

/// <summary>
/// The data directory: 0700, held by one process at a time through a lock on <c>lock</c>. Holds <c>state.db</c>, <c>log/</c>, <c>keys/</c>,
/// <c>bootstrap/</c>, <c>serving.pem</c>, <c>acme.json</c>, <c>bundle.pem</c>, <c>bundle.json</c>, <c>endpoints.json</c> and <c>admin.sock</c>, and belongs to the
/// trust domain that <c>trust-domain</c> names.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    /// <summary>A Unix socket's path has room for 107 bytes; a longer one moves.</summary>
    private const int MaxSocketPathBytes = 100;

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }

    public string State => In("state.db");

    public string Log => In("log");

    public string Bootstrap => In("bootstrap");

    public string ServingCertificate => In("serving.pem");

    public string Acme => In("acme.json");

    public string BundlePem => In("bundle.pem");

    public string BundleJson => In("bundle.json");

    public string Endpoints => In("endpoints.json");

    /// <summary>Where the admin socket lies: here, or under the user's runtime directory when this path is too long for a socket.</summary>
    /// <exception cref="ConfigurationException">It is too long, and there is no runtime directory.</exception>
    public string AdminSocket
    {
        get
        {
            var here = In("admin.sock");
            if (Encoding.UTF8.GetByteCount(here) <= MaxSocketPathBytes)
            {
                return here;
            }

            var runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
            var name = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(here)))[..16];
            if (string.IsNullOrEmpty(runtime))
            {
                // Nowhere in /tmp: anyone could make the folder first.
                throw new ConfigurationException(
                    [$"The path {here} is too long for a Unix socket, and XDG_RUNTIME_DIR names no other place. Give a shorter --data, set gateway.adminSocket, or set XDG_RUNTIME_DIR."]);
            }

            return System.IO.Path.Combine(runtime, $"meshgrains-{name}", "admin.sock");
        }
    }

    /// <exception cref="ConfigurationException">The directory cannot be used, another process holds it, or it is another trust domain's.</exception>
    public static DataDirectory Open(string path, string trustDomain)
    {
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.SetUnixFileMode(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException([$"The data directory {full} cannot be used: {failure.Message} Give another one with --data."]);
        }

        FileStream held;
        try
        {
            held = new FileStream(System.IO.Path.Combine(full, "lock"), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (IOException)
        {
            throw new ConfigurationException([$"Another MeshGrains process holds {full}. Stop it, or give this one its own directory with --data."]);
        }

        var directory = new DataDirectory(full, held);
        try
        {
            directory.Claim(trustDomain);
            return directory;
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Writes a file whole or not at all: a reader sees the old content or the new.</summary>
    public static void WriteAtomically(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>Root, log and registrations are of one trust domain: under another name they would be served beside a second root, unseen.</summary>
    private void Claim(string trustDomain)
    {
        var marker = In("trust-domain");
        if (!File.Exists(marker))
        {
            WriteAtomically(marker, Encoding.ASCII.GetBytes(trustDomain + "\n"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return;
        }

        var owner = File.ReadAllText(marker).Trim();
        if (owner != trustDomain)
        {
            throw new ConfigurationException(
                [$"The data directory {Path} holds the trust domain '{owner}', not '{trustDomain}'. Start with --trust-domain {owner}, or give '{trustDomain}' a directory of its own with --data."]);
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
