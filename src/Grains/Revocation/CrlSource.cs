using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>One question to the grain for all who ask within some seconds; so no stranger's question reaches a grain more often.</summary>
internal sealed class CrlSource(IGrainFactory grains, IOptions<RevocationOptions> options, IOptions<TrustDomainOptions> trustDomain, TimeProvider time) : ICrlSource, IDisposable
{
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _asking = new(1);
    private Known? _known;

    public bool IsOn => options.Value.Crl;

    public async ValueTask<IReadOnlyList<CrlView>> ListAsync(CancellationToken cancellationToken)
    {
        if (Fresh() is { } fresh)
        {
            return fresh;
        }

        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (Fresh() is { } meanwhile)
            {
                return meanwhile;
            }

            try
            {
                var lists = await grains.GetGrain<IRevocationGrain>(trustDomain.Value.Name).ListAsync().WaitAsync(Patience, time, cancellationToken);
                Volatile.Write(ref _known, new Known([.. lists], time.GetTimestamp()));
            }
            catch (Exception failure) when (failure is not OperationCanceledException && _known is { } before)
            {
                Volatile.Write(ref _known, before with { At = time.GetTimestamp() });
            }
            catch (TimeoutException)
            {
                throw new GrainOperationException(RefusalCode.Unavailable, "crls_unknown", "The revocation lists are not known to this silo yet; try again.");
            }

            return _known!.Lists;
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose() => _asking.Dispose();

    private IReadOnlyList<CrlView>? Fresh() => Volatile.Read(ref _known) is { } known && time.GetElapsedTime(known.At) < Age ? known.Lists : null;

    private sealed record Known(IReadOnlyList<CrlView> Lists, long At);
}
