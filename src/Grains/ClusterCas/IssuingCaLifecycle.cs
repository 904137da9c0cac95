using MeshGrains.Identity;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// This silo's issuing CA: asked for at start, again at half its life, and at once when it is tainted. While the KMS or the authority is away
/// the standing CA goes on issuing and the asking goes on with jitter. The key lives in this process's memory alone.
/// </summary>
public sealed partial class IssuingCaLifecycle(
    IGrainFactory grains,
    ISiloBootstrap bootstrap,
    RecordKeyRing recordKey,
    DenialReplica denials,
    IssuerSource issuers,
    SiloIdentity identity,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<CaOptions> options,
    IssuanceInstruments instruments,
    IRandomSource random,
    TimeProvider time,
    ILogger<IssuingCaLifecycle> logger) : BackgroundService
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ReleaseTimeout = TimeSpan.FromSeconds(5);

    private readonly WakeUp _dropped = new();
    private (string OperationId, IssuerKey Key)? _asked;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!trustDomain.Value.Issues)
        {
            issuers.WaitingFor = "this process has not the role issuer";
            return;
        }

        denials.Changed += OnDenialsChanged;
        issuers.Dropped += _dropped.Call;
        try
        {
            issuers.WaitingFor = "the record key is not unwrapped yet (the key manager has not answered)";
            await recordKey.Ready.WaitAsync(stoppingToken);

            // On the roster first: a CA whose silo is not on it is taken for one whose silo is gone.
            issuers.WaitingFor = "the denial set was not confirmed yet";
            await denials.Joined.WaitAsync(stoppingToken);
            issuers.WaitingFor = "the trust domain's authority has not certified an issuing CA for this silo yet";
            await RunAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of the loop.
        }
        finally
        {
            issuers.Dropped -= _dropped.Call;
            denials.Changed -= OnDenialsChanged;
        }
    }

    /// <summary>Signs no more, and then says so: the CA's log shard is sealed, and nothing has to wait for the CA's end.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (issuers.Current is not { } held)
        {
            return;
        }

        issuers.WaitingFor = "this silo is stopping";
        issuers.Swap(null);
        try
        {
            var release = new ReleaseIssuingCa(held.AuthorityId, identity.Name, identity.Incarnation, time.GetUtcNow(), [.. bootstrap.Chain], []);
            var key = trustDomain.Value.ClusterKey;
            await grains.GetGrain<IClusterCaGrain>(key)
                .ReleaseAsync(release with { Signature = bootstrap.Sign(ReleaseIssuingCaStatement.Encode(key, release)) })
                .WaitAsync(ReleaseTimeout, time, cancellationToken);
        }
        catch (Exception failure)
        {
            LogNotReleased(logger, held.AuthorityId, failure.Message);
        }
    }

    private async Task RunAsync(CancellationToken stoppingToken)
    {
        var retry = FirstRetry;
        while (true)
        {
            TimeSpan pause;
            try
            {
                pause = await RenewAsync(stoppingToken);
                retry = FirstRetry;

                // A drop that this renewal answered already asks for nothing more; one of the CA that it brought does.
                if (_dropped.TryTake() && issuers.Current is null)
                {
                    continue;
                }

                // What came may have been asked for before the trust domain wanted another.
                pause = issuers.GivesWay ? FirstRetry : pause;
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                instruments.IssuingCaRequested("failed");
                if (failure is GrainOperationException { Code: RefusalCode.InvalidArgument or RefusalCode.Conflict })
                {
                    _asked = null;
                }

                if (issuers.Current is null)
                {
                    issuers.WaitingFor = $"no issuing CA yet: {failure.Message}";
                }

                pause = retry * random.NextJitter(0.2);
                retry = Min(retry * 2, LongestRetry);
                LogFailed(logger, failure.Message, pause.TotalSeconds, issuers.Current?.NotAfter);
            }

            await _dropped.PauseAsync(time, pause, stoppingToken);
            stoppingToken.ThrowIfCancellationRequested();
            if (issuers.GivesWay)
            {
                // Every silo was told at the same moment; what this one has goes on issuing meanwhile.
                await time.PauseAsync(FirstRetry * random.NextJitter(0.9), stoppingToken);
            }
        }
    }

    /// <summary>A retry must come well within what is left of a short-lived CA.</summary>
    private TimeSpan LongestRetry => Min(TimeSpan.FromSeconds(15), options.Value.IssuingCaTtl / 40);

    private async Task<TimeSpan> RenewAsync(CancellationToken stoppingToken)
    {
        var domain = trustDomain.Value;
        var view = await grains.GetGrain<ITrustDomainGrain>(domain.Name).EnsureAsync(new EnsureTrustDomain(
            random.NewId(),
            options.Value.RootKeyAlgorithm.ToString(),
            (long)options.Value.RootTtl.TotalSeconds,
            (int)options.Value.BundleRefreshHint.TotalSeconds,
            options.Value.NameConstraints)).WaitAsync(stoppingToken);

        // A retry brings the same key under the same operation id, so that an outage costs one intent and one signature.
        var (operationId, key) = _asked ??= (random.NewId(), IssuerKey.Create());
        var request = new IssuingCaRequest(
            operationId, domain.Silo, key.SubjectPublicKeyInfo.ToArray(), time.GetUtcNow(), [.. bootstrap.Chain], [], identity.Incarnation,
            await identity.RelayEndpoint.WaitAsync(stoppingToken));
        var certified = await grains.GetGrain<IClusterCaGrain>(domain.ClusterKey).RequestAsync(
            request with { Signature = bootstrap.Sign(IssuingCaRequestStatement.Encode(domain.ClusterKey, request)) }).WaitAsync(stoppingToken);
        _asked = null;
        if (certified.BundleNumber > view.BundleNumber)
        {
            // The bundle moved on meanwhile: nothing is signed under this CA that would be delivered with an older one.
            view = await grains.GetGrain<ITrustDomainGrain>(domain.Name).GetAsync().WaitAsync(stoppingToken);
        }

        var snapshot = IssuerSnapshots.Make(TrustDomain.Parse(domain.Name), key, certified, view);
        issuers.Swap(snapshot);
        issuers.Show(view);
        instruments.IssuingCaRequested("certified");
        LogCertified(logger, snapshot.AuthorityId, snapshot.RootAuthorityId, snapshot.NotAfter);

        // A taint that came before the swap found another CA here.
        if (denials.Current is { } denied)
        {
            OnDenialsChanged(denied);
        }

        // The half of the life that is left, seen from now, with jitter, so that a fleet's silos do not ask together. With clocks apart nothing
        // may seem left; even then a silo does not ask without a pause.
        return Max((certified.NotAfter - time.GetUtcNow()) / 2 * random.NextJitter(0.1), LongestRetry);
    }

    private void OnDenialsChanged(DenialSnapshot snapshot)
    {
        if (issuers.Current is { } current && snapshot.Contains(DenialKind.TaintedAuthority, current.AuthorityId)
            && issuers.Drop(current.AuthorityId, $"the issuing CA {current.AuthorityId} was tainted and another is being asked for"))
        {
            LogTainted(logger, current.AuthorityId);
        }
    }

    public override void Dispose()
    {
        _dropped.Dispose();
        base.Dispose();
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    [LoggerMessage(EventId = 140, Level = LogLevel.Information, Message = "Issuing CA {AuthorityId} is certified by root {RootAuthorityId} until {NotAfter:u}.")]
    private static partial void LogCertified(ILogger logger, string authorityId, string rootAuthorityId, DateTimeOffset notAfter);

    [LoggerMessage(EventId = 141, Level = LogLevel.Warning,
        Message = "No new issuing CA was certified: {Reason}. Asking again in {Seconds:0.0} s; the standing one ends at {NotAfter:u}.")]
    private static partial void LogFailed(ILogger logger, string reason, double seconds, DateTimeOffset? notAfter);

    [LoggerMessage(EventId = 142, Level = LogLevel.Warning, Message = "Issuing CA {AuthorityId} was tainted; nothing more is signed with it.")]
    private static partial void LogTainted(ILogger logger, string authorityId);

    [LoggerMessage(EventId = 143, Level = LogLevel.Warning,
        Message = "Issuing CA {AuthorityId} could not be released ({Reason}); the cluster CA notices by itself that this silo is gone.")]
    private static partial void LogNotReleased(ILogger logger, string authorityId, string reason);
}
