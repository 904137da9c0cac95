using System.Text;

namespace MeshGrains.Gateway.Tests.Authentication;

/// <summary>Keys from a text that a test gives; counts the loads and can hold them up or fail them.</summary>
internal sealed class FakeLoader(Func<string> jwks) : IKeyLoader
{
    private int _loads;

    public int Loads => Volatile.Read(ref _loads);

    public bool Down { get; set; }

    /// <summary>Completed unless a test puts an open one here.</summary>
    public TaskCompletionSource? Hold { get; set; }

    public string Description => "test";

    public async Task<VerificationKeySet> LoadAsync(VerificationKeySet previous, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _loads);
        if (Hold is { } hold)
        {
            await hold.Task;
        }

        return Down ? throw new SourceUnavailableException("down") : JwkSetReader.Read(Encoding.UTF8.GetBytes(jwks()), previous);
    }
}
