using MeshGrains.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// One relationship. What is due stands in the state, so that a restart goes on where it was and any silo may ask. The list is told after each change, and
/// again by each activation: it may have missed the last word.
/// </summary>
[GrainType("federation")]
internal sealed partial class FederationGrain(
    [PersistentState("state", GrainStores.Default)] IPersistentState<FederationState> persistent,
    IGrainFactory grains,
    IBundleFetcher fetcher,
    FederationInstruments instruments,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<FederationOptions> options,
    IOptions<SvidOptions> svids,
    IRandomSource random,
    TimeProvider time,
    ILogger<FederationGrain> logger) : Grain, IFederationGrain
{
    private GrainRecord<FederationState> _record = null!;
    private TrustDomain _foreign = null!;
    private long _told = -1;

    private FederationState State => _record.Committed;

    private string Own => trustDomain.Value.Name;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (!FederationKeys.TryRead(this.GetPrimaryKeyString(), Own, out var foreign))
        {
            throw new GrainOperationException(
                RefusalCode.NotFound, "no_such_relationship", $"'{this.GetPrimaryKeyString()}' is no relationship of the trust domain {Own}.");
        }

        _foreign = foreign;
        _record = new GrainRecord<FederationState>(persistent, static state => state.OperationId);
        return Task.CompletedTask;
    }

    public async Task<FederationView> PutAsync(PutFederation wanted)
    {
        if (FederationRules.Check(wanted, Own) is { } wrong)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "federation_invalid", wrong);
        }

        if (wanted.TrustDomain != _foreign.Name)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "federation_invalid", $"This is the relationship with '{_foreign.Name}'.");
        }

        await _record.SettleAsync();
        var next = FederationDecisions.Put(State, wanted, svids.Value.ClockSkew, time.GetUtcNow());
        if (!ReferenceEquals(next, State))
        {
            // The place first: a relationship that no list names would be asked by nobody.
            _told = -1;
            await grains.GetGrain<IFederationSetGrain>(Own).AddAsync(_foreign.Name);
            await CommitAsync(next);
            LogBegun(logger, _foreign.Name, wanted.Url, wanted.Profile);
        }

        await TellAsync();
        return FederationDecisions.View(State, _foreign);
    }

    public async Task<bool> DeleteAsync(string operationId)
    {
        await _record.SettleAsync();
        if (!FederationDecisions.Exists(State))
        {
            return State.Deleted && State.OperationId == operationId;
        }

        await CommitAsync(FederationDecisions.Delete(State, operationId, time.GetUtcNow()));
        LogEnded(logger, _foreign.Name);
        await TellAsync();
        return true;
    }

    public async Task<FederationView?> RefreshAsync()
    {
        await _record.RefreshAsync();
        return await WorkAsync(due: true);
    }

    public async Task<FederationView?> TickAsync()
    {
        await _record.SettleAsync();
        if (IsDue)
        {
            // Another activation may have asked already: then there is nothing to do.
            await _record.RefreshAsync();
        }

        return await WorkAsync(IsDue);
    }

    public Task<FederationView?> GetAsync() => Task.FromResult(FederationDecisions.Exists(State) ? FederationDecisions.View(State, _foreign) : null);

    public Task<FederatedKeys?> KeysAsync() => Task.FromResult(FederationDecisions.Exists(State) ? new FederatedKeys(State.Number, State.Trusted) : null);

    private bool IsDue => FederationDecisions.Exists(State) && ClusterCaDecisions.IsDue(State.NextAt, options.Value.MaxPoll, time.GetUtcNow());

    private async Task<FederationView?> WorkAsync(bool due)
    {
        if (FederationDecisions.Exists(State))
        {
            await ReviewAsync();
            if (due)
            {
                await AskAsync();
            }
        }

        if (_told != State.Number)
        {
            await TellAsync();
        }

        return await GetAsync();
    }

    private async Task ReviewAsync()
    {
        var next = FederationDecisions.Review(State, _foreign, svids.Value.ClockSkew, time.GetUtcNow());
        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next with { OperationId = random.NewId() });
            LogReviewed(logger, _foreign.Name, State.Number, string.Join("; ", State.LeftOut ?? []));
        }
    }

    private async Task AskAsync()
    {
        var asked = State;
        var answer = await EndpointBundleAsync() is (var bundle, null)
            ? await FetchAsync(asked, bundle)
            : BundleAnswer.Bad("endpoint_unknown", $"The endpoint is one of another trust domain, whose bundle is not known: begin a relationship with that one too.");
        var now = time.GetUtcNow();
        var jitter = 0.9 * random.NextJitter(0.1);
        var next = answer.Body is { } body
            ? FederationDecisions.Fetched(asked, body, _foreign, options.Value, svids.Value.ClockSkew, jitter, now)
            : FederationDecisions.Failed(asked, answer.Reason, answer.Message, options.Value, jitter, now);
        instruments.Asked(next.FailureReason ?? "ok");
        await CommitAsync(next with { OperationId = random.NewId() });
        if (next.FailureReason is { } reason)
        {
            LogNotTaken(logger, _foreign.Name, reason, next.Failure ?? "", next.NextAt ?? now);
        }
        else if (next.Number != asked.Number)
        {
            LogTaken(logger, _foreign.Name, next.Sequence, next.Number);
        }
    }

    private async Task<BundleAnswer> FetchAsync(FederationState state, SpiffeBundle? endpointBundle)
    {
        // The fetch bounds itself; this bounds a fetcher that does not.
        using var limit = new CancellationTokenSource(options.Value.FetchTimeout + TimeSpan.FromSeconds(2), time);
        var endpoint = state.EndpointSpiffeId is { } id ? SpiffeId.Parse(id) : null;
        try
        {
            return await fetcher.FetchAsync(new BundleQuestion(new Uri(state.Url!), state.Profile!, endpoint, endpointBundle, state.WebRoots), limit.Token);
        }
        catch (Exception failure)
        {
            return BundleAnswer.Bad(limit.IsCancellationRequested ? "timeout" : "fetch_failed", failure.Message);
        }
    }

    /// <summary>
    /// By what an <c>https_spiffe</c> endpoint is judged: the last good bundle of its own trust domain, never another's. The text is why there is none.
    /// </summary>
    private async Task<(SpiffeBundle? Bundle, string? Missing)> EndpointBundleAsync()
    {
        if (State.Profile != BundleEndpointProfile.Spiffe)
        {
            return (null, null);
        }

        var domain = SpiffeId.Parse(State.EndpointSpiffeId!).TrustDomain;
        try
        {
            var bundle = domain == _foreign ? State.Trusted is { } own ? FederationDecisions.Read(own, domain) : null
                : domain.Name == Own ? TrustBundles.Of(await grains.GetGrain<ITrustDomainGrain>(Own).GetAsync())
                : await grains.GetGrain<IFederationGrain>(FederationKeys.Of(Own, domain.Name)).KeysAsync() is { Jwks: { } jwks } ? FederationDecisions.Read(jwks, domain)
                : null;
            return (bundle, bundle is null ? "not known" : null);
        }
        catch (Exception failure)
        {
            return (null, failure.Message);
        }
    }

    private async Task TellAsync()
    {
        var (number, gone) = (State.Number, !FederationDecisions.Exists(State));
        try
        {
            await grains.GetGrain<IFederationSetGrain>(Own).TellAsync(_foreign.Name, State.Trusted is null && !gone ? 0 : number, gone);
            _told = number;
        }
        catch (Exception failure)
        {
            // The next tick tells it again.
            LogNotTold(logger, _foreign.Name, number, failure.Message);
        }
    }

    private async Task CommitAsync(FederationState next)
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

    [LoggerMessage(EventId = 240, Level = LogLevel.Information, Message = "Federation with {Foreign} begins: {Url} ({Profile}).")]
    private static partial void LogBegun(ILogger logger, string foreign, string url, string profile);

    [LoggerMessage(EventId = 241, Level = LogLevel.Information, Message = "Federation with {Foreign} has ended; its bundle is withdrawn.")]
    private static partial void LogEnded(ILogger logger, string foreign);

    [LoggerMessage(EventId = 242, Level = LogLevel.Information, Message = "The bundle of {Foreign} changed: its sequence {Sequence}, our number {Number}.")]
    private static partial void LogTaken(ILogger logger, string foreign, ulong? sequence, long number);

    [LoggerMessage(EventId = 243, Level = LogLevel.Warning,
        Message = "No bundle was taken from {Foreign} ({Reason}); the last good one stays, and it is asked again at {NextAt:u}. {Message}")]
    private static partial void LogNotTaken(ILogger logger, string foreign, string reason, string message, DateTimeOffset nextAt);

    [LoggerMessage(EventId = 244, Level = LogLevel.Warning, Message = "A root of {Foreign} began or ended: trusted from here on by our number {Number}. Left out: {LeftOut}")]
    private static partial void LogReviewed(ILogger logger, string foreign, long number, string leftOut);

    [LoggerMessage(EventId = 245, Level = LogLevel.Warning, Message = "The list of foreign trust domains was not told of {Foreign} at number {Number}; it is told again. {Reason}")]
    private static partial void LogNotTold(ILogger logger, string foreign, long number, string reason);
}
