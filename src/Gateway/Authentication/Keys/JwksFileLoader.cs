namespace MeshGrains.Gateway;

/// <summary>A JWK set in a file, for clusters whose keys are handed over by other means.</summary>
internal sealed class JwksFileLoader(string path, TimeProvider time) : IKeyLoader
{
    private readonly WatchedFile _file = new(path, JwkSetReader.MaxBytes, TimeSpan.Zero, time);
    private byte[]? _last;

    public string Description => path;

    public Task<VerificationKeySet> LoadAsync(VerificationKeySet previous, CancellationToken cancellationToken)
    {
        try
        {
            var content = _file.Read();
            if (!ReferenceEquals(content, _last))
            {
                previous = JwkSetReader.Read(content, previous);
                _last = content;
            }

            return Task.FromResult(previous);
        }
        catch (IOException e)
        {
            return Task.FromException<VerificationKeySet>(new SourceUnavailableException(e.Message, e));
        }
        catch (SourceUnavailableException e)
        {
            return Task.FromException<VerificationKeySet>(e);
        }
    }
}
