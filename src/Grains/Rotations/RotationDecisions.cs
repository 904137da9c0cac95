using System.Collections.Immutable;
using System.Globalization;

namespace MeshGrains.Grains;

/// <summary>
/// A root's rotation as pure functions of the trust domain's state, a command or facts, and the time. A change that changes nothing keeps the state.
/// The former root's key and certificate stay as they are until the drain has ended, so that until then the way back is open.
/// </summary>
internal static class RotationDecisions
{
    /// <summary>Revoked roots that stay listed, newest last.</summary>
    private const int KeptRevoked = 8;

    private const int MaxEvents = 64;

    public static RootRotation? Running(TrustDomainState state) => state.Rotation is { Phase: not RotationPhase.Done } rotation ? rotation : null;

    /// <summary>Records the name of the next root's key, before it is made. The same operation id finds what it began.</summary>
    public static TrustDomainState Start(TrustDomainState state, StartRotation command, string keyName, DateTimeOffset now)
    {
        if (state.Rotation?.Id == command.OperationId)
        {
            return state;
        }

        if (Running(state) is { } running)
        {
            throw new GrainOperationException(
                RefusalCode.Conflict, "rotation_running",
                $"Rotation {running.Id} is under way ({Word(running.Phase)}). Let it end, or roll it back, before another begins.");
        }

        var former = TrustDomainDecisions.ActiveRoot(state);
        var named = TrustDomainDecisions.RecordName(
            state with { Authorities = Prune(state.Authorities) },
            new EnsureTrustDomain(command.OperationId, command.RootKeyAlgorithm, command.RootTtlSeconds, state.RefreshHintSeconds, command.NameConstraints),
            keyName, now);
        return named with
        {
            Rotation = new RootRotation
            {
                Id = command.OperationId,
                Phase = RotationPhase.Prepare,
                FormerAuthorityId = former.AuthorityId!,
                NextKeyName = keyName,
                StartedAt = now,
                PhaseSince = now,
                Compromised = command.Compromised,
                ReissueOverSeconds = command.ReissueOverSeconds,
                Events = [new RotationEvent(now, RotationEventKind.Started, RotationPhase.Prepare, command.Actor, Started(command))],
            },
        };
    }

    /// <summary>The key's name gave way to another before a key was made under it.</summary>
    public static TrustDomainState Renamed(TrustDomainState state, string keyName) =>
        Running(state) is { Phase: RotationPhase.Prepare } rotation ? state with { Rotation = rotation with { NextKeyName = keyName } } : state;

    /// <summary>The next root is made and recorded: it enters the bundle. It signs nothing yet.</summary>
    public static TrustDomainState Distribute(TrustDomainState state, string operationId, DateTimeOffset now)
    {
        var rotation = Running(state)!;
        var next = state.Authorities[^1];
        var number = state.BundleNumber + 1;
        return Move(
            state with { BundleNumber = number, IssuersFrom = number },
            rotation with { NextAuthorityId = next.AuthorityId, Number = number },
            RotationPhase.Distribute, "trust-domain", $"Root {next.AuthorityId} (key {next.KeyReference}) lies in bundle {number}.", operationId, now);
    }

    /// <summary>Pauses, resumes, rolls back, or notes that the gates are to be passed by.</summary>
    public static TrustDomainState Change(TrustDomainState state, ChangeRotation command, DateTimeOffset now)
    {
        if (state.OperationId == command.OperationId)
        {
            return state;
        }

        var rotation = Running(state) ?? throw new GrainOperationException(RefusalCode.Conflict, "no_rotation", "No rotation of the root is under way.");
        if (command.RotationId.Length > 0 && command.RotationId != rotation.Id)
        {
            throw new GrainOperationException(
                RefusalCode.Conflict, "another_rotation", $"Rotation {rotation.Id} is under way, not {command.RotationId}. Look at its status first.");
        }

        return command.Change switch
        {
            RotationChange.Pause => rotation.Paused ? state : Noted(state, rotation with { Paused = true }, RotationEventKind.Paused, command, now),
            RotationChange.Resume => !rotation.Paused ? state : Noted(state, rotation with { Paused = false }, RotationEventKind.Resumed, command, now),
            RotationChange.RollBack => RollBack(state, rotation, command, now),
            RotationChange.Force => Force(state, rotation, command),
            _ => throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_change", $"There is no change '{command.Change}' of a rotation."),
        };
    }

    /// <summary>
    /// Takes a rotation one phase further where its gates are open, were forced, or a compromised root's time is over. Facts of another rotation,
    /// phase or number say nothing.
    /// </summary>
    public static TrustDomainState Advance(TrustDomainState state, RotationFacts facts, RotationOptions options, string operationId, DateTimeOffset now)
    {
        if (Running(state) is not { Phase: not RotationPhase.Prepare } rotation
            || (facts.RotationId, facts.Phase, facts.Number) != (rotation.Id, rotation.Phase, rotation.Number))
        {
            return state;
        }

        if (rotation.Phase == RotationPhase.Distribute && rotation.ServedEverywhereAt is null && RotationGates.IsServedEverywhere(facts))
        {
            // Told also while it is paused: the clock of outside readers runs all the same.
            return state with { Rotation = rotation with { ServedEverywhereAt = now }, OperationId = $"{operationId}:served" };
        }

        var shut = RotationGates.Judge(state, facts, options, now).Where(gate => !gate.IsOpen).ToImmutableArray();
        if (rotation.ForcedBy is { } actor && !shut.Any(gate => gate.Name == RotationGate.Restore))
        {
            var detail = shut.IsEmpty ? "All gates were open." : $"{rotation.ForceReason} Passed by: {PassedBy(shut)}";
            var forced = rotation with { ForcedBy = null, ForceReason = null, Events = Add(rotation.Events, new(now, RotationEventKind.Forced, rotation.Phase, actor, detail)) };
            return Next(state, forced, operationId, now);
        }

        if (rotation.Paused)
        {
            return state;
        }

        if (shut.IsEmpty)
        {
            return Next(state, rotation, operationId, now);
        }

        if (rotation.Compromised && RotationGates.IsOverdue(rotation, options, now) && shut.All(RotationGates.MayBePassedByTime))
        {
            var detail = $"The root is compromised and this phase had its time. Passed by: {PassedBy(shut)}";
            return Next(
                state, rotation with { Events = Add(rotation.Events, new(now, RotationEventKind.DeadlinePassed, rotation.Phase, "policy", detail)) }, operationId, now);
        }

        return state;
    }

    /// <summary>Whether a rotation is to begin by itself: a sixth of the root's life is left, give or take what tells trust domains apart.</summary>
    public static bool IsDue(TrustDomainState state, RotationOptions options, double jitter, DateTimeOffset now) =>
        options.Automatic && state.BundleNumber > 0 && Running(state) is null && !(state.RetireGatesShutUntil > now)
        && state.Authorities.FirstOrDefault(root => root is { State: AuthorityState.Active, CertificateDer: not null }) is { } active
        && active.NotAfter - ((active.NotAfter - active.NotBefore) / 6 * jitter) <= now;

    public static RotationView? View(TrustDomainState state) => state.Rotation is not { } rotation ? null : new RotationView(
        rotation.Id, rotation.Phase, rotation.FormerAuthorityId, rotation.NextAuthorityId ?? "", rotation.StartedAt, rotation.PhaseSince, rotation.Number,
        rotation.ServedEverywhereAt, rotation.Paused, rotation.RolledBack, rotation.Compromised, rotation.ReissueOverSeconds, rotation.ForcedBy is not null,
        rotation.Events, rotation.EndedAt);

    /// <summary>Whether a prepared root is in the bundle.</summary>
    public static bool IsShown(TrustDomainState state, RootAuthority root) => root.State != AuthorityState.Prepared
        || (Running(state) is { Phase: not RotationPhase.Prepare, NextAuthorityId: { } next } && next == root.AuthorityId);

    /// <summary>
    /// The root that gateways' own certificates chain to: the former one until nothing else is left of it, for clients whose bundle is from before.
    /// </summary>
    public static string? ServingRoot(TrustDomainState state) =>
        Running(state) is { RolledBack: false, Phase: RotationPhase.Activate or RotationPhase.Drain } rotation
            ? rotation.FormerAuthorityId
            : state.Authorities.FirstOrDefault(root => root is { State: AuthorityState.Active, CertificateDer: not null })?.AuthorityId;

    /// <summary>
    /// What agents are to replace before its half life: from the drain on, for only then every silo signs under the staying root.
    /// </summary>
    public static IReadOnlyList<ReissueOrder> Reissues(TrustDomainView view) =>
        view.Rotation is { ReissueOverSeconds: > 0, Phase: RotationPhase.Drain or RotationPhase.Retire } rotation
            ? [new ReissueOrder(rotation.LeavingAuthorityId, Math.Min(rotation.ReissueOverSeconds, ReissueOrder.MaxOverSeconds))]
            : [];

    public static string Word(RotationPhase phase) => phase.ToString().ToLowerInvariant();

    private static TrustDomainState Next(TrustDomainState state, RootRotation rotation, string operationId, DateTimeOffset now)
    {
        var number = state.BundleNumber + 1;
        var (staying, leaving) = rotation.RolledBack
            ? (rotation.FormerAuthorityId, rotation.NextAuthorityId!)
            : (rotation.NextAuthorityId!, rotation.FormerAuthorityId);
        return rotation.Phase switch
        {
            RotationPhase.Distribute => Move(
                Activated(state, staying, leaving) with { BundleNumber = number, IssuersFrom = number },
                rotation with { Number = number },
                RotationPhase.Activate, "trust-domain", $"Root {staying} signs; issuing CAs are replaced.", operationId, now),
            RotationPhase.Activate => Move(
                state with { BundleNumber = number }, rotation with { Number = number }, RotationPhase.Drain, "trust-domain", $"No silo issues under root {leaving} any more; its issuing CAs are fenced.", operationId, now),
            RotationPhase.Drain => Move(
                state with { BundleNumber = number },
                rotation with { Number = number },
                RotationPhase.Retire, "trust-domain", $"Nothing live chains to root {leaving}; the gateways' own certificates change.", operationId, now),
            _ => Move(
                Set(state, leaving, AuthorityState.Revoked) with { BundleNumber = number },
                rotation with { Number = number, EndedAt = now },
                RotationPhase.Done, "trust-domain", $"Root {leaving} is out of the bundle.", operationId, now),
        };
    }

    private static TrustDomainState RollBack(TrustDomainState state, RootRotation rotation, ChangeRotation command, DateTimeOffset now)
    {
        if (rotation.RolledBack)
        {
            return state;
        }

        var number = state.BundleNumber + 1;
        switch (rotation.Phase)
        {
            case RotationPhase.Prepare:
                // Nobody was shown it. Its key may have been made: the name says which.
                return Ended(state with { Authorities = state.Authorities.RemoveAt(state.Authorities.Length - 1) }, state.BundleNumber);
            case RotationPhase.Distribute:
                // It never signed anything: nothing chains to it.
                return Ended(Set(state, rotation.NextAuthorityId!, AuthorityState.Revoked) with { BundleNumber = number }, number);
            case RotationPhase.Activate:
                return Noted(
                    Activated(state, rotation.FormerAuthorityId, rotation.NextAuthorityId!) with { BundleNumber = number, IssuersFrom = number },
                    rotation with { RolledBack = true, Paused = false, ForcedBy = null, ForceReason = null, Number = number, PhaseSince = now },
                    RotationEventKind.RolledBack, command, now);
            default:
                throw new GrainOperationException(
                    RefusalCode.Conflict, "drain_began",
                    $"The rotation is past its rollback ({Word(rotation.Phase)}): the former root's issuing CAs are fenced. Let it end; another rotation may follow.");
        }

        TrustDomainState Ended(TrustDomainState rolled, long bundle)
        {
            var key = state.Authorities[^1].KeyReference ?? $"under the name {rotation.NextKeyName}, if one was made";
            var noted = Noted(rolled, rotation with { RolledBack = true, Paused = false, ForcedBy = null, ForceReason = null, Number = bundle }, RotationEventKind.RolledBack, command, now);
            return Move(
                noted, noted.Rotation! with { EndedAt = now }, RotationPhase.Done, "trust-domain",
                $"The next root is withdrawn; its KMS key ({key}) signed nothing that is trusted and may be destroyed.", command.OperationId, now) with
            {
                OperationId = command.OperationId,
            };
        }
    }

    private static TrustDomainState Force(TrustDomainState state, RootRotation rotation, ChangeRotation command)
    {
        if (rotation.Phase == RotationPhase.Prepare)
        {
            throw new GrainOperationException(RefusalCode.Conflict, "root_in_making", "The next root is being made: there is no gate to be forced yet.");
        }

        return state with { Rotation = rotation with { ForcedBy = command.Actor, ForceReason = command.Reason }, OperationId = command.OperationId };
    }

    private static TrustDomainState Activated(TrustDomainState state, string active, string old) =>
        Set(Set(state, old, AuthorityState.Old), active, AuthorityState.Active);

    private static TrustDomainState Set(TrustDomainState state, string authorityId, AuthorityState wanted) => state with
    {
        Authorities = [.. state.Authorities.Select(root => root.AuthorityId == authorityId ? root with { State = wanted } : root)],
    };

    private static TrustDomainState Move(
        TrustDomainState state, RootRotation rotation, RotationPhase phase, string actor, string detail, string operationId, DateTimeOffset now) => state with
    {
        Rotation = rotation with
        {
            Phase = phase,
            PhaseSince = now,
            ServedEverywhereAt = null,
            Events = Add(rotation.Events, new(now, RotationEventKind.Moved, phase, actor, detail)),
        },
        OperationId = $"{operationId}:{Word(phase)}",
    };

    private static TrustDomainState Noted(TrustDomainState state, RootRotation rotation, RotationEventKind kind, ChangeRotation command, DateTimeOffset now) => state with
    {
        Rotation = rotation with { Events = Add(rotation.Events, new(now, kind, rotation.Phase, command.Actor, command.Reason)) },
        OperationId = command.OperationId,
    };

    private static ImmutableArray<RotationEvent> Add(ImmutableArray<RotationEvent> events, RotationEvent added) =>
        (events.Length < MaxEvents ? events : events.RemoveAt(1)).Add(added);

    private static ImmutableArray<RootAuthority> Prune(ImmutableArray<RootAuthority> roots)
    {
        var revoked = roots.Count(root => root.State == AuthorityState.Revoked);
        return [.. roots.Where(root => root.State != AuthorityState.Revoked || revoked-- <= KeptRevoked)];
    }

    private static string Started(StartRotation command) => string.Create(
        CultureInfo.InvariantCulture,
        $"{command.Reason}{(command.Compromised ? " (compromised)" : "")}{(command.ReissueOverSeconds > 0 ? $" (re-issue over {command.ReissueOverSeconds} s)" : "")}");

    private static string PassedBy(ImmutableArray<RotationGate> shut) => string.Join("; ", shut.Select(gate =>
        string.Create(CultureInfo.InvariantCulture, $"{gate.Name} ({gate.Waits}{(gate.Names.IsEmpty ? "" : $": {string.Join(", ", gate.Names)}")})")));
}
