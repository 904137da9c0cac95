using System.Security.Cryptography;
using MeshGrains.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Makes signing keys in this silo's memory, seals and commits them, has the trust domain publish them, and only then lets them sign. Each call picks up
/// where a crash stopped. A step that fails stops nobody who may sign by what stands.
/// </summary>
[GrainType("jwt-authority")]
internal sealed partial class JwtAuthorityGrain(
    [PersistentState("state", GrainStores.Default)] IPersistentState<JwtAuthorityState> persistent,
    IGrainFactory grains,
    JwtKeySeal seal,
    BundleAcknowledgements acknowledgements,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<JwtOptions> options,
    IOptions<CaOptions> ca,
    IOptions<SvidOptions> svids,
    TimeProvider time,
    ILogger<JwtAuthorityGrain> logger) : Grain, IJwtAuthorityGrain
{
    /// <summary>More steps than any state needs; a loop that does not end would be a fault.</summary>
    private const int MaxSteps = 64;

    /// <summary>Many silos ask at once; the roster is walked for one of them.</summary>
    private static readonly TimeSpan FactsAge = TimeSpan.FromSeconds(5);

    private GrainRecord<JwtAuthorityState> _record = null!;
    private (string KeyId, long At, JwtActivationFacts Facts)? _asked;

    private JwtAuthorityState State => _record.Committed;

    private ITrustDomainGrain TrustDomain => grains.GetGrain<ITrustDomainGrain>(trustDomain.Value.Name);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (this.GetPrimaryKeyString() != trustDomain.Value.ClusterKey)
        {
            throw new GrainOperationException(
                RefusalCode.NotFound, "no_such_cluster", $"This deployment serves the cluster {trustDomain.Value.ClusterKey}, not {this.GetPrimaryKeyString()}.");
        }

        _record = new GrainRecord<JwtAuthorityState>(persistent, static state => state.OperationId);
        return Task.CompletedTask;
    }

    public async Task<JwtReservation> ReserveAsync(string operationId)
    {
        CheckOrder(operationId);
        await _record.SettleAsync();
        try
        {
            await AdvanceAsync(operationId);
        }
        catch (GrainOperationException failure) when (Usable is not null)
        {
            LogStepFailed(logger, trustDomain.Value.ClusterKey, failure.Message);
            await _record.SettleAsync();
        }

        var next = JwtAuthorityDecisions.Reserve(State, Active, options.Value, operationId, time.GetUtcNow());
        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next);
        }

        var active = Active;
        return new JwtReservation(
            active.KeyId, active.Algorithm, active.SealedKey, active.HighestExpiry!.Value, Math.Max(1, (long)JwtAuthorityDecisions.LookAgain(options.Value).TotalSeconds));
    }

    public async Task<JwtAuthorityList> ListAsync()
    {
        await _record.SettleAsync();
        var keys = State.Authorities.Select(key => new JwtAuthorityInfo(
            key.KeyId, key.Algorithm, key.State, key.CreatedAt, key.NotAfter, key.PublishedAt, key.BundleNumber ?? 0, key.HighestExpiry,
            key.TaintReason ?? (key.KeyId == State.SucceedKeyId ? State.SucceedReason : null), key.TaintedBy ?? (key.KeyId == State.SucceedKeyId ? State.SucceedBy : null)));
        var list = new JwtAuthorityList([.. keys], null, null, null, null, null);
        if (JwtAuthorityDecisions.Find(State, AuthorityState.Prepared) is not { PublishedAt: { } publishedAt } prepared)
        {
            return list;
        }

        var facts = await AskAsync(prepared);
        var (notBefore, atLatest) = JwtAuthorityDecisions.Window(
            State, JwtAuthorityDecisions.Find(State, AuthorityState.Active), publishedAt, options.Value, ca.Value.BundleRefreshHint);
        return list with { Silos = facts.Silos, Agents = facts.Agents, NotBefore = notBefore, AtLatest = atLatest, Trouble = facts.Failure };
    }

    public async Task<JwtAuthorityList> RotateAsync(RotateJwtAuthority order)
    {
        CheckOrder(order.OperationId);
        await _record.SettleAsync();
        await AdvanceAsync(order.OperationId);
        var next = JwtAuthorityDecisions.Succeed(State, order);
        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next);
            LogOrdered(logger, State.SucceedKeyId!, order.Actor, order.Reason);
        }

        await AdvanceAsync(order.OperationId);
        return await ListAsync();
    }

    public async Task<JwtAuthorityList> TaintAsync(TaintJwtAuthority order)
    {
        CheckOrder(order.OperationId);
        await _record.SettleAsync();
        var next = JwtAuthorityDecisions.Taint(State, order, time.GetUtcNow());
        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next);
            LogTainted(logger, order.KeyId, order.Actor, order.Reason);
        }

        await AdvanceAsync(order.OperationId);
        return await ListAsync();
    }

    private void CheckOrder(string operationId)
    {
        if (!options.Value.Enabled)
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "jwt_disabled", "This cluster issues no JWT-SVIDs (jwt.enabled).");
        }

        if (!SiloProof.IsWord(operationId))
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_operation", "An operation id is 1 to 64 letters, digits, '-', '_' or '.'.");
        }
    }

    private JwtAuthorityRecord? Usable =>
        JwtAuthorityDecisions.Find(State, AuthorityState.Active) is { } active && active.NotAfter > time.GetUtcNow() ? active : null;

    private JwtAuthorityRecord Active => Usable
        ?? throw new GrainOperationException(RefusalCode.Unavailable, "no_jwt_authority", "There is no active JWT authority; try again shortly.");

    private async Task AdvanceAsync(string operationId)
    {
        string? kept = null;
        JwtActivationFacts? facts = null;
        for (var count = 0; count < MaxSteps; count++)
        {
            var now = time.GetUtcNow();
            var (step, key) = JwtAuthorityDecisions.Next(State, options.Value, ca.Value.BundleRefreshHint, svids.Value.ClockSkew, facts, now);
            switch (step)
            {
                case JwtAuthorityStep.Prepare:
                    await PrepareAsync(operationId, now);
                    break;
                case JwtAuthorityStep.Publish:
                    var number = await TrustDomain.PublishJwtAuthorityAsync(new PublishJwtAuthority(
                        operationId, new JwtAuthorityView(key!.KeyId, trustDomain.Value.Cluster, key.SubjectPublicKeyInfo, key.NotAfter)));
                    await CommitAsync(JwtAuthorityDecisions.Published(State, key.KeyId, number, operationId, now));
                    LogPublished(logger, key.KeyId, key.Algorithm, key.NotAfter);
                    break;
                case JwtAuthorityStep.Ask:
                    facts = await AskAsync(key!);
                    break;
                case JwtAuthorityStep.Activate:
                    var follows = JwtAuthorityDecisions.Find(State, AuthorityState.Active) is not null || State.Authorities.Any(one => one.State == AuthorityState.Tainted);
                    facts ??= follows && key!.BundleNumber is not null ? await AskAsync(key) : null;
                    await CommitAsync(JwtAuthorityDecisions.Activate(State, key!.KeyId, operationId));
                    LogActivated(logger, key.KeyId, key.Algorithm);
                    if (facts is { IsHeldByAll: false })
                    {
                        LogActivatedLate(logger, key.KeyId, facts.Failure ?? $"{facts.Silos.Count} silos, {facts.Agents.Count} agents: {string.Join(", ", facts.Silos.Names.Concat(facts.Agents.Names))}");
                    }

                    facts = null;
                    break;
                case JwtAuthorityStep.Revoke:
                    await TrustDomain.RevokeJwtAuthorityAsync(trustDomain.Value.Cluster, key!.KeyId, operationId);
                    await CommitAsync(JwtAuthorityDecisions.Withdrawn(State, key.KeyId, operationId, now));
                    LogRevoked(logger, key.KeyId, key.TaintReason ?? "");
                    break;
                case JwtAuthorityStep.Forget:
                    await CommitAsync(JwtAuthorityDecisions.Retired(State, key!.KeyId, operationId));
                    break;
                case JwtAuthorityStep.Retire when key!.KeyId != kept:
                    if (await TrustDomain.WithdrawJwtAuthorityAsync(trustDomain.Value.Cluster, key.KeyId, operationId))
                    {
                        await CommitAsync(JwtAuthorityDecisions.Retired(State, key.KeyId, operationId));
                        LogRetired(logger, key.KeyId);
                    }
                    else
                    {
                        // A declared restore keeps it: nothing that follows it is due before it goes.
                        kept = key.KeyId;
                    }

                    break;
                default:
                    return;
            }
        }
    }

    /// <summary>Never fails: what could not be told keeps the key waiting, as far as it may.</summary>
    private async Task<JwtActivationFacts> AskAsync(JwtAuthorityRecord key)
    {
        if (_asked is { } asked && asked.KeyId == key.KeyId && time.GetElapsedTime(asked.At) < FactsAge)
        {
            return asked.Facts;
        }

        JwtActivationFacts facts;
        try
        {
            var number = key.BundleNumber ?? 0;
            facts = new JwtActivationFacts(
                BundleAcknowledgements.Silos(await acknowledgements.HoldersAsync(), number), await acknowledgements.AgentsAsync(number), null);
        }
        catch (Exception failure)
        {
            facts = new JwtActivationFacts(Shortfall.None, Shortfall.None, failure.Message);
        }

        _asked = (key.KeyId, time.GetTimestamp(), facts);
        return facts;
    }

    /// <summary>The key exists in clear here alone, between its making and its sealing.</summary>
    private async Task PrepareAsync(string operationId, DateTimeOffset now)
    {
        using var signer = JwtSigner.Create(options.Value.Algorithm);
        var pkcs8 = signer.ExportPkcs8();
        byte[] sealedKey;
        try
        {
            sealedKey = seal.Seal(trustDomain.Value.ClusterKey, signer.KeyId, pkcs8);
        }
        catch (RecordKeyUnavailableException failure)
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "record_key_unavailable", failure.Message);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }

        await CommitAsync(JwtAuthorityDecisions.Prepare(State, signer, sealedKey, options.Value.AuthorityTtl, operationId, now));
    }

    private async Task CommitAsync(JwtAuthorityState next)
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

    [LoggerMessage(EventId = 210, Level = LogLevel.Information, Message = "JWT authority {KeyId} ({Algorithm}) lies in the trust bundle, until {NotAfter:u} at the latest.")]
    private static partial void LogPublished(ILogger logger, string keyId, string algorithm, DateTimeOffset notAfter);

    [LoggerMessage(EventId = 211, Level = LogLevel.Information, Message = "JWT authority {KeyId} ({Algorithm}) signs from now on.")]
    private static partial void LogActivated(ILogger logger, string keyId, string algorithm);

    [LoggerMessage(EventId = 212, Level = LogLevel.Information, Message = "JWT authority {KeyId} is retired: every token that it signed has ended.")]
    private static partial void LogRetired(ILogger logger, string keyId);

    [LoggerMessage(EventId = 214, Level = LogLevel.Warning, Message = "A successor of JWT authority {KeyId} was ordered by {Actor}: {Reason}")]
    private static partial void LogOrdered(ILogger logger, string keyId, string actor, string reason);

    [LoggerMessage(EventId = 215, Level = LogLevel.Warning, Message = "JWT authority {KeyId} was tainted by {Actor}: {Reason}")]
    private static partial void LogTainted(ILogger logger, string keyId, string actor, string reason);

    [LoggerMessage(EventId = 216, Level = LogLevel.Warning, Message = "The tainted JWT authority {KeyId} is out of the trust bundle: {Reason}")]
    private static partial void LogRevoked(ILogger logger, string keyId, string reason);

    [LoggerMessage(EventId = 217, Level = LogLevel.Warning, Message = "JWT authority {KeyId} signs though not everyone holds it, or there would be no tokens: {Missing}")]
    private static partial void LogActivatedLate(ILogger logger, string keyId, string missing);

    [LoggerMessage(EventId = 213, Level = LogLevel.Warning, Message = "The JWT authorities of {Cluster} could not be brought forward; the active one signs on. {Reason}")]
    private static partial void LogStepFailed(ILogger logger, string cluster, string reason);
}
