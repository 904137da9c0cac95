using System.Collections.Immutable;
using MeshGrains.Identity;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// All foreign bundles, whole on this silo; readers never lock. Changes are pushed; every few seconds the list is asked for in any case, and whatever
/// number differs is read from its relationship. A bundle never meets another's: each is kept under its own trust domain.
/// </summary>
public sealed partial class FederatedBundles(
    IGrainFactory grains, RecordKeyRing recordKey, SiloIdentity identity, IOptions<TrustDomainOptions> trustDomain, IRandomSource random, TimeProvider time,
    ILogger<FederatedBundles> logger) : BackgroundService, IFederationObserver, IFederatedTrust
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly WakeUp _wake = new();
    private ImmutableDictionary<string, FederatedBundle> _current = ImmutableDictionary.Create<string, FederatedBundle>(StringComparer.Ordinal);
    private FederationList? _list;

    public event Action? Changed;

    public ImmutableDictionary<string, FederatedBundle> Current => Volatile.Read(ref _current);

    /// <summary>The list as last seen; null before the first.</summary>
    internal FederationList? List => Volatile.Read(ref _list);

    public bool IsKnown { get; private set; }

    Task IFederationObserver.ChangedAsync(FederationList list)
    {
        _wake.Call();
        return Task.CompletedTask;
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        IFederationObserver? self = null;
        try
        {
            await recordKey.Ready.WaitAsync(stoppingToken);
            while (true)
            {
                try
                {
                    self ??= grains.CreateObjectReference<IFederationObserver>(this);
                    await LookAsync(self, stoppingToken);
                }
                catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
                {
                    LogTrouble(logger, failure.Message);
                }

                await _wake.PauseAsync(time, Period * random.NextJitter(0.1), stoppingToken);
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of the loop.
        }
    }

    private async Task LookAsync(IFederationObserver self, CancellationToken cancellationToken)
    {
        var list = await grains.GetGrain<IFederationSetGrain>(trustDomain.Value.Name).FollowAsync(identity.Incarnation, self).WaitAsync(Patience, time, cancellationToken);
        var known = Current;
        var changed = list.Members.Where(member => member.Number > 0 && known.GetValueOrDefault(member.TrustDomain)?.Number != member.Number).ToList();
        var read = await Task.WhenAll(changed.Select(member => ReadAsync(member.TrustDomain, cancellationToken)));
        var next = known.RemoveRange(known.Keys.Except(list.Members.Select(member => member.TrustDomain)))
            .SetItems(read.OfType<FederatedBundle>().Select(bundle => KeyValuePair.Create(bundle.Bundle.TrustDomain.Name, bundle)));
        var isNews = !ReferenceEquals(next, known) || !IsKnown;
        Volatile.Write(ref _current, next);
        Volatile.Write(ref _list, list);
        IsKnown = true;
        if (isNews)
        {
            Changed?.Invoke();
        }
    }

    /// <summary>Null when it cannot be read now: what was held stays, and the number differs at the next look too.</summary>
    private async Task<FederatedBundle?> ReadAsync(string foreign, CancellationToken cancellationToken)
    {
        try
        {
            var keys = await grains.GetGrain<IFederationGrain>(FederationKeys.Of(trustDomain.Value.Name, foreign)).KeysAsync().WaitAsync(Patience, time, cancellationToken);
            return keys?.Jwks is { } jwks && FederationDecisions.Read(jwks, TrustDomain.Parse(foreign)) is { } bundle ? new FederatedBundle(bundle, keys.Number) : null;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotRead(logger, foreign, failure.Message);
            return null;
        }
    }

    [LoggerMessage(EventId = 247, Level = LogLevel.Information, Message = "It could not be seen whether foreign bundles changed ({Reason}); it is looked again within seconds.")]
    private static partial void LogTrouble(ILogger logger, string reason);

    [LoggerMessage(EventId = 248, Level = LogLevel.Warning, Message = "The bundle of {Foreign} could not be read; what is held of it stays until the next look. {Reason}")]
    private static partial void LogNotRead(ILogger logger, string foreign, string reason);
}
