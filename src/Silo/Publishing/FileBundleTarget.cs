using System.Security.Cryptography;
using System.Text.Json;
using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>
/// A file that holds the bundle and nothing else, replaced whole. Which number lies in it stands in <c>.NAME.number</c> beside it, for PEM has no place
/// for one; several silos of one machine take turns by a lock on <c>.NAME.lock</c>.
/// </summary>
internal sealed class FileBundleTarget(string name, string path, BundleFormat format, UnixFileMode mode, TimeSpan declaredLag, TimeProvider time) : IBundleTarget
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxNumberBytes = 4096;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _folder = Path.GetDirectoryName(path)!;
    private Task<long> _last = Task.FromResult(0L);

    public string Name => name;

    public TimeSpan DeclaredLag => declaredLag;

    public async Task<long> PublishAsync(PublishedBundle bundle, CancellationToken cancellationToken)
    {
        // A file system that hangs keeps one thread, not one for each attempt.
        if (!_last.IsCompleted)
        {
            throw new PublishingException($"An earlier write to {path} has not come back yet. Does its file system hang?");
        }

        _last = Task.Run(() => Write(bundle), CancellationToken.None);
        try
        {
            return await _last.WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new PublishingException($"{path} was not written within {Durations.Format(Patience)}. Does its file system hang?");
        }
        catch (DirectoryNotFoundException)
        {
            throw new PublishingException($"The directory {_folder} does not exist. Make it, writable by the user that the silo runs as.");
        }
        catch (UnauthorizedAccessException)
        {
            throw new PublishingException($"{path} may not be written. Let the user that the silo runs as write in {_folder}, and lie no directory in the file's place.");
        }
        catch (IOException failure)
        {
            throw new PublishingException($"{path} could not be written: {failure.Message}", failure);
        }
    }

    private long Write(PublishedBundle bundle)
    {
        using var held = Hold();
        var content = bundle.In(format).Span;
        if (ReadNumber() is { } lies)
        {
            if (lies.TrustDomain != bundle.TrustDomain)
            {
                throw new PublishingException(
                    $"{path} holds the bundle of {lies.TrustDomain}, and an output carries one trust domain. Give another path, or delete the file and {Beside("number")}.");
            }

            if (lies.Number > bundle.Number || (lies.Number == bundle.Number && IsWhole(content)))
            {
                return lies.Number;
            }
        }

        // The number first: cut between the two, the same bundle is written again, and an older one still is not.
        var number = JsonSerializer.SerializeToUtf8Bytes(new Lying(bundle.TrustDomain, bundle.Number));
        Replace(Beside("number"), number, Private);
        Replace(path, content, mode);
        return bundle.Number;
    }

    /// <exception cref="IOException">Another silo holds it.</exception>
    private FileStream Hold() => new(Beside("lock"), new FileStreamOptions
    {
        Mode = FileMode.OpenOrCreate,
        Access = FileAccess.ReadWrite,
        Share = FileShare.None,
        UnixCreateMode = Private,
    });

    private Lying? ReadNumber()
    {
        var file = new FileInfo(Beside("number"));
        if (!file.Exists)
        {
            return null;
        }

        try
        {
            return file.Length <= MaxNumberBytes ? JsonSerializer.Deserialize<Lying>(File.ReadAllBytes(file.FullName)) : null;
        }
        catch (JsonException)
        {
            // No word of ours: written anew with the bundle.
            return null;
        }
    }

    private bool IsWhole(ReadOnlySpan<byte> content)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length != content.Length || file.LinkTarget is not null || file.UnixFileMode != mode)
        {
            return false;
        }

        using var stream = file.OpenRead();
        return SHA256.HashData(stream).AsSpan().SequenceEqual(SHA256.HashData(content));
    }

    private static void Replace(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        DataDirectory.WriteAtomically(path, content, mode);

        // The process's umask takes away what the operator asked for.
        if (File.GetUnixFileMode(path) != mode)
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    private string Beside(string what) => Path.Combine(_folder, $".{Path.GetFileName(path)}.{what}");

    private sealed record Lying(string TrustDomain, long Number);
}
