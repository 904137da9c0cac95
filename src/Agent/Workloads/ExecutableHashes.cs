using System.Buffers;
using System.Security.Cryptography;

namespace MeshGrains.Agent.Workloads;

/// <summary>SHA-256 of executables, kept by what the kernel says of the file. Few are read at once, so that callers cannot make the agent read all day.</summary>
internal sealed class ExecutableHashes(long maxBytes) : IDisposable
{
    private const int MostKept = 1024;
    private const int MostAtOnce = 2;
    private const int BufferBytes = 128 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<FileIdentity, string> _known = [];
    private readonly SemaphoreSlim _reading = new(MostAtOnce);

    /// <summary>Lowercase hex; null when the file is too large.</summary>
    /// <exception cref="IOException">It cannot be read, or changed while it was.</exception>
    public async Task<string?> OfAsync(string path, CancellationToken cancellationToken)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        var identity = IdentityOf(file, path);
        if (identity.Size > (ulong)maxBytes)
        {
            return null;
        }

        if (Find(identity) is { } known)
        {
            return known;
        }

        await _reading.WaitAsync(cancellationToken);
        try
        {
            // Whoever was before us may have been after the same one.
            if (Find(identity) is { } meanwhile)
            {
                return meanwhile;
            }

            var hash = await HashAsync(file, cancellationToken);
            if (IdentityOf(file, path) != identity)
            {
                throw new IOException($"{path} changed while it was read.");
            }

            Keep(identity, hash);
            return hash;
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    private static FileIdentity IdentityOf(Microsoft.Win32.SafeHandles.SafeFileHandle file, string path) =>
        FileIdentity.Of((int)file.DangerousGetHandle()) ?? throw new IOException($"statx refused {path}.");

    private static async Task<string> HashAsync(Microsoft.Win32.SafeHandles.SafeFileHandle file, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            long at = 0;
            while (await RandomAccess.ReadAsync(file, buffer.AsMemory(0, BufferBytes), at, cancellationToken) is > 0 and var read)
            {
                hash.AppendData(buffer, 0, read);
                at += read;
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private string? Find(FileIdentity identity)
    {
        lock (_gate)
        {
            return _known.GetValueOrDefault(identity);
        }
    }

    private void Keep(FileIdentity identity, string hash)
    {
        lock (_gate)
        {
            if (_known.Count >= MostKept)
            {
                _known.Clear();
            }

            _known[identity] = hash;
        }
    }
}
