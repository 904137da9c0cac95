using MeshGrains.Identity;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Grains;

/// <summary>The rotation of the root. What is decided is in <see cref="RotationDecisions"/>; what is found out, in <see cref="RotationGrain"/>.</summary>
internal sealed partial class TrustDomainGrain
{
    public async Task<RotationView> StartRotationAsync(StartRotation command)
    {
        AtHomeOnly();
        if (!SiloProof.IsWord(command.OperationId))
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_operation", "An operation id is 1 to 64 letters, digits, '-', '_' or '.'.");
        }

        await _record.RefreshAsync();
        var next = RotationDecisions.Start(State, command, NewKeyName(), time.GetUtcNow());
        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next);
            LogRotation(logger, _trustDomain.Name, RotationEventKind.Started, command.Actor, command.Reason);
        }

        await ShowAsync();
        return _shown!.Rotation!;
    }

    public async Task<RotationView> ChangeRotationAsync(ChangeRotation command)
    {
        AtHomeOnly();
        await _record.RefreshAsync();
        var next = RotationDecisions.Change(State, command, time.GetUtcNow());
        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next);
            LogChanged(logger, _trustDomain.Name, command.Change, command.Actor, command.Reason);
        }

        await ShowAsync();
        return _shown!.Rotation!;
    }

    public async Task<RotationView?> PrepareRotationAsync()
    {
        AtHomeOnly();
        await _record.SettleAsync();
        while (RotationDecisions.Running(State) is { Phase: RotationPhase.Prepare, Paused: false } rotation)
        {
            var root = State.Authorities[^1];
            await MakeRootAsync(
                TrustDomainDecisions.NextRootStep(State),
                new EnsureTrustDomain(rotation.Id, root.KeyAlgorithm, root.TtlSeconds, State.RefreshHintSeconds, root.NameConstraints));
        }

        await ShowAsync();
        return _shown?.Rotation;
    }

    public async Task<RotationStatus> AdvanceRotationAsync(RotationFacts facts, string operationId)
    {
        AtHomeOnly();
        await _record.SettleAsync();
        var now = time.GetUtcNow();
        var next = RotationDecisions.Advance(State, facts, rotations.Value, operationId, now);
        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next);
            foreach (var happened in State.Rotation!.Events.Where(one => one.At == now))
            {
                LogRotation(logger, _trustDomain.Name, happened.Kind, happened.Actor, happened.Detail);
            }
        }

        await ShowAsync();
        return Judge(facts);
    }

    public async Task<RotationStatus> JudgeRotationAsync(RotationFacts? facts)
    {
        await _record.SettleAsync();
        await ShowAsync();
        return facts is null || Follows ? new RotationStatus(_shown?.Rotation, [], null, Follows ? Elsewhere : null) : Judge(facts);
    }

    public async Task<RotationView?> StartDueRotationAsync(StartRotation command)
    {
        AtHomeOnly();
        await _record.SettleAsync();

        // Told apart by their names, trust domains of one deployment do not begin together; the same one always at the same time.
        var jitter = 0.95 + ((AgentRosterShards.Of(_trustDomain.Name) % 11) / 100.0);
        return RotationDecisions.IsDue(State, rotations.Value, jitter, time.GetUtcNow()) ? await StartRotationAsync(command) : _shown?.Rotation;
    }

    private RotationStatus Judge(RotationFacts facts)
    {
        var now = time.GetUtcNow();
        if (RotationDecisions.Running(State) is not { Phase: not RotationPhase.Prepare } rotation
            || (facts.RotationId, facts.Phase, facts.Number) != (rotation.Id, rotation.Phase, rotation.Number))
        {
            return new RotationStatus(_shown?.Rotation, [], null, null);
        }

        var gates = RotationGates.Judge(State, facts, rotations.Value, now);
        return new RotationStatus(_shown?.Rotation, gates, RotationGates.EstimatedEnd(gates, now), null);
    }

    [LoggerMessage(EventId = 162, Level = LogLevel.Warning, Message = "Root rotation of {TrustDomain}: {Event} by {Actor}. {Detail}")]
    private static partial void LogRotation(ILogger logger, string trustDomain, RotationEventKind @event, string actor, string detail);

    [LoggerMessage(EventId = 163, Level = LogLevel.Warning, Message = "Root rotation of {TrustDomain}: {Change} asked for by {Actor}: {Reason}")]
    private static partial void LogChanged(ILogger logger, string trustDomain, RotationChange change, string actor, string reason);
}
