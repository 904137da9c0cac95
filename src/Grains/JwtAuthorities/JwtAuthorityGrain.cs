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
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<JwtOptions> options,
    IOptions<CaOptions> ca,
    IOptions<SvidOptions> svids,
    TimeProvider time,
    ILogger<JwtAuthorityGrain> logger) : Grain, IJwtAuthorityGrain
{
    /// <summary>More steps than any state needs; a loop that does not end would be a fault.</summary>
    private const int MaxSteps = 64;

    private GrainRecord<JwtAuthorityState> _record = null!;

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
        if (!options.Value.Enabled)
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "jwt_disabled", "This cluster issues no JWT-SVIDs (jwt.enabled).");
        }

        if (!SiloProof.IsWord(operationId))
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_operation", "An operation id is 1 to 64 letters, digits, '-', '_' or '.'.");
        }

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

    private JwtAuthorityRecord? Usable =>
        JwtAuthorityDecisions.Find(State, AuthorityState.Active) is { } active && active.NotAfter > time.GetUtcNow() ? active : null;

    private JwtAuthorityRecord Active => Usable
        ?? throw new GrainOperationException(RefusalCode.Unavailable, "no_jwt_authority", "There is no active JWT authority; try again shortly.");

    private async Task AdvanceAsync(string operationId)
    {
        string? kept = null;
        for (var count = 0; count < MaxSteps; count++)
        {
            var now = time.GetUtcNow();
            var (step, key) = JwtAuthorityDecisions.Next(State, options.Value, ca.Value.BundleRefreshHint, svids.Value.ClockSkew, now);
            switch (step)
            {
                case JwtAuthorityStep.Prepare:
                    await PrepareAsync(operationId, now);
                    break;
                case JwtAuthorityStep.Publish:
                    await TrustDomain.PublishJwtAuthorityAsync(new PublishJwtAuthority(
                        operationId, new JwtAuthorityView(key!.KeyId, trustDomain.Value.Cluster, key.SubjectPublicKeyInfo, key.NotAfter)));
                    await CommitAsync(JwtAuthorityDecisions.Published(State, key.KeyId, operationId, now));
                    LogPublished(logger, key.KeyId, key.Algorithm, key.NotAfter);
                    break;
                case JwtAuthorityStep.Activate:
                    await CommitAsync(JwtAuthorityDecisions.Activate(State, key!.KeyId, operationId));
                    LogActivated(logger, key.KeyId, key.Algorithm);
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

    [LoggerMessage(EventId = 213, Level = LogLevel.Warning, Message = "The JWT authorities of {Cluster} could not be brought forward; the active one signs on. {Reason}")]
    private static partial void LogStepFailed(ILogger logger, string cluster, string reason);
}
