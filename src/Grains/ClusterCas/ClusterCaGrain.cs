using System.Collections.Immutable;
using System.Security.Cryptography;
using MeshGrains.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Authorises silos' issuing CAs by their bootstrap signatures, has them certified by the trust domain, keeps the list. Sweeps fence off the CAs of
/// silos that are gone, retire what nothing live chains to, and warn of a root that soon ends; when, stands in the state.
/// </summary>
[GrainType("cluster-ca")]
internal sealed partial class ClusterCaGrain(
    [PersistentState("state", GrainStores.Default)] IPersistentState<ClusterCaState> persistent,
    IGrainFactory grains,
    IIssuanceLog log,
    ISiloBootstrap bootstrap,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<CaOptions> options,
    IOptions<SvidOptions> svids,
    IRandomSource random,
    TimeProvider time,
    ILogger<ClusterCaGrain> logger) : Grain, IClusterCaGrain, IRemindable
{
    private const string SweepReminder = "sweep";
    private static readonly TimeSpan LongestPeriod = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(10);

    private readonly SiloProof _proof = new(() => bootstrap.Anchors, trustDomain.Value.Name, svids.Value.ClockSkew, time);
    private GrainRecord<ClusterCaState> _record = null!;
    private bool _sweeps;

    /// <summary>Between sweeps; shorter where CAs live for seconds in a drill.</summary>
    private TimeSpan Period => options.Value.IssuingCaTtl / 10 < LongestPeriod ? options.Value.IssuingCaTtl / 10 : LongestPeriod;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // Under another name there would be another budget for the same silo.
        if (this.GetPrimaryKeyString() != trustDomain.Value.ClusterKey)
        {
            throw new GrainOperationException(
                RefusalCode.NotFound, "no_such_cluster", $"This deployment serves the cluster {trustDomain.Value.ClusterKey}, not {this.GetPrimaryKeyString()}.");
        }

        _record = new GrainRecord<ClusterCaState>(persistent, static state => state.OperationId);
        return Task.CompletedTask;
    }

    public async Task<CertifiedIssuingCa> RequestAsync(IssuingCaRequest request)
    {
        CheckSilo(request);
        await _record.SettleAsync();
        var (next, record) = Authorise(request);
        if (!ReferenceEquals(next, _record.Committed))
        {
            await CommitAsync(next);

            // Where only a reply was lost, the store holds an earlier attempt's record; it must be of the same silo and key.
            record = Authorise(request).Record;
        }

        await SweepRegularlyAsync();
        if (record.CertificateDer is { } standing)
        {
            return new CertifiedIssuingCa(record.AuthorityId!, record.RootAuthorityId!, standing, record.NotBefore, record.NotAfter, record.BundleNumber ?? 0);
        }

        var certified = await grains.GetGrain<ITrustDomainGrain>(trustDomain.Value.Name).CertifyAsync(new CertifyIssuingCa(
            request.OperationId, trustDomain.Value.Cluster, request.Silo, request.SubjectPublicKeyInfo, (long)options.Value.IssuingCaTtl.TotalSeconds, request));
        await CommitAsync(ClusterCaDecisions.Activate(_record.Committed, request.OperationId, certified, time.GetUtcNow()));
        return certified;
    }

    public Task<ImmutableArray<IssuingCaView>> ListAsync() => Task.FromResult(Views());

    public async Task<ImmutableArray<IssuingCaView>> FenceAsync(long belowBundle, string? rootAuthorityId)
    {
        // Another activation may have authorised a CA that this one has not seen.
        await _record.RefreshAsync();
        var fenced = await SealAsync(ClusterCaDecisions.ToFence(_record.Committed, belowBundle, rootAuthorityId, time.GetUtcNow()));
        var next = ClusterCaDecisions.Fence(_record.Committed, fenced, time.GetUtcNow());
        if (!ReferenceEquals(next, _record.Committed))
        {
            await CommitAsync(next with { OperationId = random.NewId() });
        }

        return Views();
    }

    public Task<IssuingCaView> TaintAsync(string authorityId, string reason, string actor, string operationId) =>
        TaintOverAsync(new TaintIssuingCa(authorityId, reason, actor, operationId, 0));

    public async Task<IssuingCaView> TaintOverAsync(TaintIssuingCa taint)
    {
        var (authorityId, reason, actor, operationId, over) = taint;
        if (over is < 0 or > ReissueOrder.MaxOverSeconds)
        {
            throw new GrainOperationException(
                RefusalCode.InvalidArgument, "bad_reissue_time", $"What a tainted CA signed is replaced over 0 to {ReissueOrder.MaxOverSeconds} seconds.");
        }

        await _record.SettleAsync();
        var next = ClusterCaDecisions.Taint(_record.Committed, authorityId, reason, operationId, time.GetUtcNow(), over);
        if (!ReferenceEquals(next, _record.Committed))
        {
            await CommitAsync(next);
        }

        // Also when it was tainted already: an earlier attempt may have ended between the two steps.
        var tainted = _record.Committed.IssuingCas.First(ca => ca.AuthorityId == authorityId);
        await grains.GetGrain<IDenialGrain>(trustDomain.Value.Name).AddAsync(ClusterCaDecisions.DenialOf(tainted, actor, operationId));
        LogTainted(logger, authorityId, actor, reason);
        return View(tainted);
    }

    public async Task ReleaseAsync(ReleaseIssuingCa release)
    {
        if (!SiloProof.IsWord(release.AuthorityId) || !SiloProof.IsWord(release.Silo) || !SiloProof.IsWord(release.Incarnation))
        {
            throw Refuse("it names no authority, silo and incarnation");
        }

        if (_proof.Refusal(
            release.Silo, release.RequestedAt, release.BootstrapChain, ReleaseIssuingCaStatement.Encode(this.GetPrimaryKeyString(), release), release.Signature) is { } why)
        {
            throw Refuse(why);
        }

        await _record.SettleAsync();
        ClusterCaDecisions.Released(_record.Committed, release);
        var isSealed = await SealAsync([release.AuthorityId]) is [_];
        var next = ClusterCaDecisions.Release(_record.Committed, release, isSealed, random.NewId(), time.GetUtcNow());
        if (!ReferenceEquals(next, _record.Committed))
        {
            await CommitAsync(next);
            LogReleased(logger, release.AuthorityId, release.Silo);
        }
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => TickAsync();

    public async Task TickAsync()
    {
        if (!ClusterCaDecisions.IsDue(_record.Committed.NextSweepAt, Period, time.GetUtcNow()))
        {
            return;
        }

        // Another activation may have swept: then there is nothing to do.
        await _record.RefreshAsync();
        if (ClusterCaDecisions.IsDue(_record.Committed.NextSweepAt, Period, time.GetUtcNow()))
        {
            await SweepAsync(time.GetUtcNow());
        }
    }

    private async Task SweepAsync(DateTimeOffset now)
    {
        var skew = svids.Value.ClockSkew;
        var denials = grains.GetGrain<IDenialGrain>(trustDomain.Value.Name);
        var roster = await AskAsync(denials.ReadAsync, "the denial set and its roster");
        foreach (var tainted in roster is null ? [] : ClusterCaDecisions.ToDeny(_record.Committed, roster, now))
        {
            await AskAsync(() => denials.AddAsync(ClusterCaDecisions.DenialOf(tainted, "cluster-ca", random.NewId())), "the denial of a tainted CA");
        }

        var fenced = await SealAsync(ClusterCaDecisions.ToSeal(_record.Committed, roster, now));
        var state = ClusterCaDecisions.Fence(_record.Committed, fenced, now);
        var view = await AskAsync(grains.GetGrain<ITrustDomainGrain>(trustDomain.Value.Name).GetAsync, "the trust domain");
        var isOpen = view is not null && !(view.RetireGatesShutUntil > now);
        var live = isOpen && ClusterCaDecisions.HasCandidates(state, now, skew)
            ? await AskAsync(() => log.CountLiveAsync(trustDomain.Value.Name, now - skew, CancellationToken.None).AsTask(), "the count of live certificates")
            : null;
        var next = ClusterCaDecisions.Sweep(state, now, skew, live, now + (Period * random.NextJitter(0.2)), random.NewId());
        var before = _record.Committed;
        await CommitAsync(next);
        foreach (var ca in next.IssuingCas.Where(ca => ca.CertificateDer is not null))
        {
            var former = before.IssuingCas.First(known => known.OperationId == ca.OperationId).State;
            if (former != ca.State)
            {
                LogMoved(logger, ca.AuthorityId!, ca.Silo, ca.Incarnation ?? "?", former, ca.State);
            }
        }

        foreach (var root in view?.Authorities ?? [])
        {
            var left = root.NotAfter - now;
            if (root.State == AuthorityState.Active && left < options.Value.RootTtl / 6)
            {
                LogRootEnding(logger, root.AuthorityId, root.NotAfter, left.TotalDays);
            }
        }
    }

    /// <summary>Seals shards; returns those that are sealed now. At the first failure it stops: the next sweep goes on.</summary>
    private async Task<IReadOnlyList<string>> SealAsync(ImmutableArray<string> authorityIds)
    {
        var done = new List<string>();
        try
        {
            foreach (var authorityId in authorityIds)
            {
                await log.SealAsync(trustDomain.Value.Name, authorityId, CancellationToken.None);
                done.Add(authorityId);
            }
        }
        catch (Exception failure)
        {
            LogNotSealed(logger, authorityIds[done.Count], failure.Message);
        }

        return done;
    }

    /// <summary>Null where nobody answers: a sweep then does what it can without.</summary>
    private async Task<T?> AskAsync<T>(Func<Task<T>> ask, string what)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (Exception failure)
        {
            LogNotTold(logger, what, failure.Message);
            return null;
        }
    }

    private (ClusterCaState State, IssuingCaRecord Record) Authorise(IssuingCaRequest request) => ClusterCaDecisions.Authorise(
        _record.Committed, request, Convert.ToHexStringLower(SHA256.HashData(request.SubjectPublicKeyInfo)),
        options.Value.IssuingCaBudgetPerHour, time.GetUtcNow());

    /// <summary>Registers the reminder where there is none: registering it again would put its next tick off at every request.</summary>
    private async Task SweepRegularlyAsync()
    {
        if (_sweeps)
        {
            return;
        }

        try
        {
            if (await this.GetReminder(SweepReminder) is null)
            {
                await this.RegisterOrUpdateReminder(SweepReminder, ReminderPeriod * random.NextJitter(0.2), ReminderPeriod);
            }

            _sweeps = true;
        }
        catch (Exception failure)
        {
            // Retiring can wait for the next request; certifying cannot.
            LogNoReminder(logger, failure.Message);
        }
    }

    private void CheckSilo(IssuingCaRequest request)
    {
        if (!SiloProof.IsWord(request.OperationId) || !SiloProof.IsWord(request.Silo) || !SiloProof.IsWord(request.Incarnation))
        {
            throw Refuse("its operation id, silo name or incarnation is not 1 to 64 letters, digits, '-', '_' or '.'");
        }

        if (!SiloProof.IsEndpoint(request.RelayEndpoint))
        {
            throw Refuse("its relay endpoint is no host:port");
        }

        if (!PublicKeyInfo.TryRead(request.SubjectPublicKeyInfo, out var key, out _) || key.Kind != KeyKind.P256)
        {
            throw Refuse("its key is not a P-256 SubjectPublicKeyInfo");
        }

        if (_proof.Refusal(
            request.Silo, request.RequestedAt, request.BootstrapChain, IssuingCaRequestStatement.Encode(this.GetPrimaryKeyString(), request), request.Signature) is { } why)
        {
            throw Refuse(why);
        }
    }

    private GrainOperationException Refuse(string why)
    {
        LogRefused(logger, why);
        return new GrainOperationException(RefusalCode.PermissionDenied, "silo_refused", $"The silo's request is refused: {why}.");
    }

    private async Task CommitAsync(ClusterCaState next)
    {
        try
        {
            await _record.CommitAsync(next);
        }
        catch (RecordConflictException conflict)
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "state_conflict", conflict.Message);
        }
    }

    private ImmutableArray<IssuingCaView> Views() => [.. _record.Committed.IssuingCas.Where(ca => ca.CertificateDer is not null).Select(View)];

    private static IssuingCaView View(IssuingCaRecord ca) => new(
        ca.AuthorityId!, ca.RootAuthorityId!, ca.Silo, ca.State, ca.NotBefore, ca.NotAfter, ca.CertificateDer!, ca.TaintReason,
        ca.Incarnation, ca.RelayEndpoint, ca.BundleNumber ?? 0, ca.SealedAt, ca.EndedAt);

    [LoggerMessage(EventId = 170, Level = LogLevel.Warning, Message = "A silo's request was refused: {Why}.")]
    private static partial void LogRefused(ILogger logger, string why);

    [LoggerMessage(EventId = 171, Level = LogLevel.Warning, Message = "Issuing CA {AuthorityId} was tainted by {Actor}: {Reason}")]
    private static partial void LogTainted(ILogger logger, string authorityId, string actor, string reason);

    [LoggerMessage(EventId = 173, Level = LogLevel.Warning, Message = "The reminder that retires ended CAs could not be registered; the next request tries again. {Reason}")]
    private static partial void LogNoReminder(ILogger logger, string reason);

    [LoggerMessage(EventId = 172, Level = LogLevel.Warning, Message = "Root {AuthorityId} ends at {NotAfter:u}, in {Days:0.0} days. Rotate it before.")]
    private static partial void LogRootEnding(ILogger logger, string authorityId, DateTimeOffset notAfter, double days);

    [LoggerMessage(EventId = 174, Level = LogLevel.Information, Message = "Silo {Silo} released its issuing CA {AuthorityId}.")]
    private static partial void LogReleased(ILogger logger, string authorityId, string silo);

    [LoggerMessage(EventId = 175, Level = LogLevel.Information, Message = "Issuing CA {AuthorityId} of silo {Silo} ({Incarnation}) was {Former} and is {State}.")]
    private static partial void LogMoved(ILogger logger, string authorityId, string silo, string incarnation, IssuingCaState former, IssuingCaState state);

    [LoggerMessage(EventId = 176, Level = LogLevel.Warning, Message = "The log shard of issuing CA {AuthorityId} was not sealed; the next sweep tries again. {Reason}")]
    private static partial void LogNotSealed(ILogger logger, string authorityId, string reason);

    [LoggerMessage(EventId = 177, Level = LogLevel.Warning, Message = "A sweep of issuing CAs could not learn {What} and retires nothing by it. {Reason}")]
    private static partial void LogNotTold(ILogger logger, string what, string reason);
}
