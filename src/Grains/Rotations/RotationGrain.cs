using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Asks silos, agents, the cluster CA and the log. Within a phase nothing that was found there comes back: who joins later gets the newest bundle, and a
/// sealed shard stays sealed. So facts may be a moment old, but never of another phase.
/// </summary>
[GrainType("rotation")]
internal sealed partial class RotationGrain(
    IGrainFactory grains,
    RotationFactFinder finder,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<RotationOptions> options,
    IOptions<HomeOptions> home,
    IOptions<CaOptions> ca,
    IRandomSource random,
    TimeProvider time,
    ILogger<RotationGrain> logger) : Grain, IRotationGrain
{
    /// <summary>More phases than there are; a loop that does not end would be a fault.</summary>
    private const int MaxSteps = 8;

    /// <summary>A lost silo is asked for twice as long, until its cluster has noticed; who asks for the status wants an answer before.</summary>
    private static readonly TimeSpan StatusPatience = TimeSpan.FromSeconds(10);

    private long? _lookedAt;
    private RotationStatus? _status;
    private ClusterReport? _report;

    private ITrustDomainGrain TrustDomain => grains.GetGrain<ITrustDomainGrain>(trustDomain.Value.Name);

    public override Task OnActivateAsync(CancellationToken cancellationToken) => this.GetPrimaryKeyString() == trustDomain.Value.Name
        ? Task.CompletedTask
        : throw new GrainOperationException(
            RefusalCode.NotFound, "no_such_trust_domain", $"This deployment serves the trust domain {trustDomain.Value.Name}, not {this.GetPrimaryKeyString()}.");

    public async Task TickAsync()
    {
        if (_lookedAt is { } looked && time.GetElapsedTime(looked) < options.Value.LookEvery / 2)
        {
            return;
        }

        _lookedAt = time.GetTimestamp();
        var rotation = await TrustDomain.StartDueRotationAsync(new StartRotation(
            random.NewId(), ca.Value.RootKeyAlgorithm.ToString(), (long)ca.Value.RootTtl.TotalSeconds, ca.Value.NameConstraints, Compromised: false,
            ReissueOverSeconds: 0, "A sixth of the root's life is left.", "policy"));
        if (rotation is not { IsRunning: true, Phase: not RotationPhase.Prepare })
        {
            _status = new RotationStatus(rotation, [], null, null);
        }

        for (var step = 0; step < MaxSteps && rotation is { IsRunning: true }; step++)
        {
            if (rotation.Phase == RotationPhase.Prepare)
            {
                rotation = rotation.Paused ? null : await TrustDomain.PrepareRotationAsync();
                continue;
            }

            var before = (rotation.Phase, rotation.Number, rotation.ServedEverywhereAt, rotation.ForcePending);
            _status = await TrustDomain.AdvanceRotationAsync(await finder.FindAsync(rotation, CancellationToken.None), random.NewId());
            rotation = _status.Rotation;
            if (rotation is null || (rotation.Phase, rotation.Number, rotation.ServedEverywhereAt, rotation.ForcePending) == before)
            {
                break;
            }
        }

        if (_status is { Rotation.IsRunning: true } waiting && waiting.Gates.Any(gate => !gate.IsOpen))
        {
            LogWaiting(logger, waiting.Rotation.Phase, string.Join("; ", waiting.Gates.Where(gate => !gate.IsOpen).Select(gate => $"{gate.Name}: {gate.Detail}")));
        }
    }

    public Task<RotationStatus> SeenAsync() => Task.FromResult(_status ?? new RotationStatus(null, [], null, null));

    public async Task<RotationStatus> StatusAsync()
    {
        var known = await TrustDomain.JudgeRotationAsync(null);
        if (known.Rotation is not { IsRunning: true, Phase: not RotationPhase.Prepare } rotation)
        {
            return known;
        }

        try
        {
            return await TrustDomain.JudgeRotationAsync(await finder.FindAsync(rotation, CancellationToken.None).WaitAsync(StatusPatience, time));
        }
        catch (TimeoutException)
        {
            var seen = _status?.Rotation is { } last && (last.RotationId, last.Phase) == (rotation.RotationId, rotation.Phase) ? _status : known;
            return seen with { Rotation = rotation, Trouble = "Not every silo and cluster answered in time, as after the loss of one: this was seen at the last look. Ask again in half a minute." };
        }
        catch (GrainOperationException failure)
        {
            return known with { Trouble = failure.Message };
        }
    }

    public async Task<ClusterReport> ReportAsync()
    {
        if (_report is { } known && _lookedAt is { } looked && time.GetElapsedTime(looked) < options.Value.LookEvery / 2)
        {
            return known;
        }

        var view = await TrustDomain.GetAsync();
        var empty = new ClusterReport(view.BundleNumber, [.. home.Value.AllowedPaths], "", default, 0, Facts: null);
        _report = view.Rotation is { IsRunning: true, Phase: not RotationPhase.Prepare } rotation
            ? empty with
            {
                RotationId = rotation.RotationId, Phase = rotation.Phase, Number = rotation.Number, Facts = await FactsAsync(rotation, view.RetireGatesShutUntil),
            }
            : empty;
        _lookedAt = time.GetTimestamp();
        return _report;
    }

    /// <summary>What a member's restored state does not know of may still live: nothing is retired on its count before that time is over.</summary>
    private async Task<ClusterRotationFacts> FactsAsync(RotationView rotation, DateTimeOffset? shutUntil)
    {
        var facts = await finder.FindHereAsync(rotation, CancellationToken.None);
        return rotation.Phase == RotationPhase.Drain && shutUntil > time.GetUtcNow()
            ? facts with { Failure = $"a declared restore keeps everything until {shutUntil:u}" }
            : facts;
    }

    [LoggerMessage(EventId = 164, Level = LogLevel.Information, Message = "The root's rotation waits in {Phase}. {Gates}")]
    private static partial void LogWaiting(ILogger logger, RotationPhase phase, string gates);
}
