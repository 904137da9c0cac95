using Microsoft.Extensions.Logging;

namespace MeshGrains.Grains;

/// <summary>What stands before every issuance to a workload, whatever is issued: its registration, the denials, and how long a call may take. No grain call.</summary>
internal sealed partial class IssuanceGuard(DenialReplica denials, RegistrationResolver registrations, TimeProvider time, ILogger logger)
{
    /// <summary>
    /// What a call has read counts for this long. A registration comes from a cache no older than half the time that deletions stay denied; after the
    /// other half, in a process that froze, its denial may have come and gone unseen.
    /// </summary>
    private static readonly TimeSpan LongestCall = DenialDecisions.KeepDeletedRegistrations / 2;

    /// <summary>Synchronous and free of allocations whenever the registration is cached.</summary>
    public ValueTask<RegistrationResult> ResolveAsync(AuthenticatedCaller caller, string? spiffeId, CancellationToken cancellationToken)
    {
        ValueTask<RegistrationResult> finding;
        try
        {
            finding = registrations.ResolveAsync(caller, spiffeId, cancellationToken);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            return ValueTask.FromResult(LookupFailed(failure));
        }

        return finding.IsCompletedSuccessfully ? finding : AwaitAsync(finding);

        async ValueTask<RegistrationResult> AwaitAsync(ValueTask<RegistrationResult> pending)
        {
            try
            {
                return await pending;
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                return LookupFailed(failure);
            }
        }
    }

    private RegistrationResult LookupFailed(Exception failure)
    {
        if (StoreFailures.Tampered(failure) is { } tampered)
        {
            LogTampered(logger, tampered.Message);
            return new RegistrationResult(new Refusal(
                RefusalCode.Internal, "record_tampered", "A stored record failed its authentication; nothing is issued by it until an operator has looked.", tampered.Message));
        }

        return new RegistrationResult(new Refusal(
            RefusalCode.Unavailable, "registrations_unavailable", "Registrations cannot be read now; try again shortly.", failure.Message, IssuanceRefusals.RetryHint));
    }

    /// <summary>Asked last: null while what the call has read still counts.</summary>
    public Refusal? Outlived(long started) => time.GetElapsedTime(started) < LongestCall ? null : new Refusal(
        RefusalCode.Unavailable, "call_outlived", "This call took too long to still go by what it has read; try again.", RetryAfter: IssuanceRefusals.RetryHint);

    /// <summary>What the denial set has against this issuance at this moment; null when nothing.</summary>
    public Refusal? Denied(in RegistrationResult lookup, IssuerSnapshot? issuer, DateTimeOffset now)
    {
        var registration = lookup.Registration!;
        if (denials.Fresh is not { } fresh)
        {
            return IssuanceRefusals.DenialsStale;
        }

        if (registrations.Outside(registration.Id) is { } outside)
        {
            return outside;
        }

        if (fresh.Contains(DenialKind.QuarantinedIdentity, registration.IdText))
        {
            return new Refusal(RefusalCode.PermissionDenied, "quarantined", "This identity is quarantined: it gets no new certificates until an operator releases it.");
        }

        if (fresh.Contains(DenialKind.DeletedRegistration, registration.RegistrationId) || registration.ExpiresAt <= now)
        {
            return new Refusal(RefusalCode.PermissionDenied, "not_registered", "The registration behind this request is gone or has expired.");
        }

        if (AgentDenials.CheckIdentity(registration.IdText, fresh) is { } bannedAgent)
        {
            return bannedAgent;
        }

        if (lookup.Agent is { } agent && AgentDenials.Check(agent, fresh, now) is { } agentDenied)
        {
            return agentDenied;
        }

        if (lookup.PresentedIssuer is { } presented && fresh.RefusesHolders(presented, now))
        {
            return new Refusal(RefusalCode.PermissionDenied, "issuer_tainted", "The presented certificate's issuer is tainted. Attest anew with a token.");
        }

        return issuer is not null && fresh.Contains(DenialKind.TaintedAuthority, issuer.AuthorityId)
            ? IssuanceRefusals.IssuerTainted
            : null;
    }

    [LoggerMessage(EventId = 201, Level = LogLevel.Critical, Message = "A registration failed its authentication and is refused: {Detail}")]
    private static partial void LogTampered(ILogger logger, string detail);
}
