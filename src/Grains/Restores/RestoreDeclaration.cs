using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;

namespace MeshGrains.Grains;

/// <summary>
/// Declares that the state store was restored from a backup, so that the grains take a state again which they refuse as rolled back. The numbers of
/// the bundle and of the denial set move above any ever shown, and the retire gates stay shut for the longest life that the restored state may not
/// know of. Works on the stores alone; no silo may run. What the backup lacks (denials, registrations, deletions since) stays lost, and is for the
/// operator to repeat.
/// </summary>
public sealed partial class RestoreDeclaration(
    [FromKeyedServices(GrainStores.Default)] IGrainStorage storage,
    IDenialStore denials,
    IIssuanceLog log,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<CaOptions> ca,
    IOptions<SvidOptions> svids,
    IOptions<JwtOptions> jwt,
    IRandomSource random,
    TimeProvider time,
    ILogger<RestoreDeclaration> logger)
{
    /// <summary>What a refusal of rolled-back state tells the operator to do.</summary>
    internal const string Advice = "declare a restore: meshgrains declare-restore --config FILE --reason TEXT.";

    private const int MaxReason = 512;

    /// <summary>The record key must be unwrapped. Repeat it after a failure.</summary>
    /// <exception cref="GrainOperationException">There is no trust domain in the state store, the reason is missing, or a store failed.</exception>
    public async Task<DeclaredRestore> DeclareAsync(string reason, string actor, CancellationToken cancellationToken)
    {
        if (reason is not { Length: > 0 and <= MaxReason } || actor is not { Length: > 0 and <= MaxReason })
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "no_reason", $"A restore needs a reason and an actor of at most {MaxReason} characters.");
        }

        var name = trustDomain.Value.Name;
        try
        {
            var grain = GrainId.Create(TrustDomainGrain.Type, name);
            var stored = new GrainState<TrustDomainState>();
            await storage.ReadStateAsync(TrustDomainGrain.StateName, grain, stored);
            if (!stored.RecordExists || stored.State is not { Authorities.IsEmpty: false } state)
            {
                throw new GrainOperationException(
                    RefusalCode.NotFound, "no_trust_domain", $"The state store holds no trust domain {name}. Restore a backup first; then declare the restore.");
            }

            var set = await denials.ReadAsync(name, cancellationToken);
            var shown = Math.Max(
                await log.HighestBundleNumberAsync(name, cancellationToken), await log.ReadAnchorAsync(name, LogAnchor.Bundle, cancellationToken));
            var denied = await log.ReadAnchorAsync(name, LogAnchor.Denials, cancellationToken);
            var restore = RestoreDecisions.Declare(
                state, shown, denied, set.Number, reason, actor, RestoreDecisions.LongestLife(ca.Value, svids.Value, jwt.Value), time.GetUtcNow());

            // The gates first: a crash after this leaves a denial set that is still refused, and the next declaration goes on.
            stored.State = RestoreDecisions.Apply(state, restore, random.NewId());
            await storage.WriteStateAsync(TrustDomainGrain.StateName, grain, stored);
            await denials.AdvanceAsync(name, set, set with { Number = restore.DenialNumber }, cancellationToken);
            LogDeclared(logger, name, actor, reason, restore.BundleNumber, restore.DenialNumber, restore.RetireGatesShutUntil);
            return restore;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw StoreFailures.Of(failure);
        }
    }

    [LoggerMessage(EventId = 190, Level = LogLevel.Warning,
        Message = "A restore of trust domain {TrustDomain} was declared by {Actor}: {Reason} (bundle {Bundle}, denial set {Denials}; nothing is retired before {Gates:u}).")]
    private static partial void LogDeclared(ILogger logger, string trustDomain, string actor, string reason, long bundle, long denials, DateTimeOffset gates);
}
