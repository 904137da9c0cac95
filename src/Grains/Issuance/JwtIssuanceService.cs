using System.Security.Cryptography;
using System.Text;
using MeshGrains.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Signs with a key only while it lies in the bundle that this silo hands out, never beyond the recorded <c>exp</c>, and lets nothing go without its record
/// in the issuance log.
/// </summary>
internal sealed partial class JwtIssuanceService(
    IIssuanceService x509,
    IssuerSource issuers,
    JwtSigningSource signing,
    DenialReplica denials,
    RegistrationResolver registrations,
    IIssuanceLog log,
    ISerialSource serials,
    IOptions<JwtOptions> options,
    IssuanceInstruments instruments,
    TimeProvider time,
    ILogger<JwtIssuanceService> logger) : IJwtIssuanceService
{
    private const int MaxAudienceChars = 8 * 1024;

    private readonly IssuanceGuard _guard = new(denials, registrations, time, logger);
    private readonly JwtOptions _options = options.Value;

    public string? NotReadyReason
    {
        get
        {
            if (x509.NotReadyReason is { } why)
            {
                return why;
            }

            if (signing.Current is not { } current)
            {
                return signing.WaitingFor;
            }

            return !IsPublished(current, x509.Current) ? $"the JWT authority {current.Signer.KeyId} does not lie in this silo's trust bundle yet"
                : current.HighestExpiry <= time.GetUtcNow() ? $"the JWT authority has recorded no tokens beyond {current.HighestExpiry:u}: {signing.WaitingFor}"
                : null;
        }
    }

    public async ValueTask<(IssuedJwt? Svid, Refusal? Refusal)> IssueAsync(JwtRequest request, CancellationToken cancellationToken)
    {
        var (svid, refusal) = await TryIssueAsync(request, cancellationToken);
        if (refusal is not null)
        {
            instruments.JwtRefused(refusal.Reason);
            LogRefused(logger, request.RequestId, request.Caller.Name, refusal.Reason, refusal.LogDetail ?? refusal.Message);
        }

        return (svid, refusal);
    }

    private async ValueTask<(IssuedJwt? Svid, Refusal? Refusal)> TryIssueAsync(JwtRequest request, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var (issuer, current) = (x509.Current, signing.Current);
        if (!_options.Enabled)
        {
            return (null, new Refusal(RefusalCode.PermissionDenied, "jwt_disabled", "This cluster issues no JWT-SVIDs (jwt.enabled)."));
        }

        if (NotReadyReason is { } notReady || issuer is null || current is null)
        {
            return (null, new Refusal(
                RefusalCode.Unavailable, "jwt_not_ready", $"This silo cannot issue JWT-SVIDs now: {NotReadyReason ?? signing.WaitingFor}.", RetryAfter: IssuanceRefusals.RetryHint));
        }

        if (Check(request.Audience) is { } badAudience)
        {
            return (null, badAudience);
        }

        var lookup = await _guard.ResolveAsync(request.Caller, request.SpiffeId, cancellationToken);
        if (!lookup.Found)
        {
            return (null, lookup.Refusal);
        }

        var now = time.GetUtcNow();
        if (_guard.Denied(lookup, issuer, now) is { } denied)
        {
            return (null, denied);
        }

        var (svid, record) = Sign(request, issuer, current, lookup, now);
        if (svid.ExpiresAt <= svid.IssuedAt)
        {
            return (null, new Refusal(
                RefusalCode.Unavailable, "jwt_not_ready", "The JWT authority ends now; try again shortly.", RetryAfter: IssuanceRefusals.RetryHint));
        }

        try
        {
            await log.AppendAsync(record, cancellationToken);
        }
        catch (IssuanceLogUnavailableException failure)
        {
            return (null, new Refusal(
                RefusalCode.Unavailable, "log_unavailable", "The issuance log takes no records now, so nothing is issued; try again shortly.", failure.Message, IssuanceRefusals.RetryHint));
        }
        catch (IssuanceShardSealedException fenced)
        {
            issuers.Drop(issuer.AuthorityId, $"the log shard of the issuing CA {issuer.AuthorityId} was sealed and another CA is being asked for");
            return (null, new Refusal(
                RefusalCode.Unavailable, "issuer_fenced", "This silo was fenced off from the issuance log; try again shortly.", fenced.Message, IssuanceRefusals.RetryHint));
        }

        // A denial may have come while the record was being written: nothing leaves after it took effect.
        if ((_guard.Denied(lookup, issuer, time.GetUtcNow()) ?? _guard.Outlived(started)) is { } meanwhile)
        {
            return (null, meanwhile);
        }

        instruments.JwtIssued();
        return (svid, null);
    }

    private (IssuedJwt Svid, IssuanceRecord Record) Sign(
        JwtRequest request, IssuerSnapshot issuer, JwtSigning current, in RegistrationResult lookup, DateTimeOffset now)
    {
        var registration = lookup.Registration!;
        var wanted = registration.JwtTtl ?? _options.Ttl;
        var ends = now + (wanted < _options.MaxTtl ? wanted : _options.MaxTtl);
        var issuedAt = Validity.WholeSeconds(now);
        var expiresAt = Validity.WholeSeconds(ends < current.HighestExpiry ? ends : current.HighestExpiry);
        var token = JwtSvidWriter.Write(current.Signer, new JwtSvidRequest
        {
            Subject = registration.Id,
            Audience = request.Audience,
            IssuedAt = issuedAt,
            ExpiresAt = expiresAt,
            Issuer = _options.Issuer.Length == 0 ? null : _options.Issuer,
        });
        var record = new IssuanceRecord(
            IssuanceRecordKind.JwtSvid,
            issuer.TrustDomain.Name,
            serials.Next().ToString(),
            registration.IdText,
            issuer.AuthorityId,
            issuedAt,
            expiresAt,
            request.RequestId,
            request.Caller.Name,
            registration.Reference,
            lookup.AttestedAt,
            issuer.BundleNumber,
            SHA256.HashData(Encoding.ASCII.GetBytes(token)),
            now);
        return (new IssuedJwt(registration.IdText, token, issuedAt, expiresAt), record);
    }

    private static bool IsPublished(JwtSigning current, IssuerSnapshot? issuer) =>
        issuer is not null && issuer.Bundle.JwtAuthorities.Any(authority => authority.KeyId == current.Signer.KeyId);

    private static Refusal? Check(IReadOnlyList<string> audience) =>
        audience.Count is 0 or > JwtSvid.MaxAudiences || audience.Any(value => value.Length is 0 or > JwtSvid.MaxAudienceLength) || audience.Sum(value => value.Length) > MaxAudienceChars
            ? new Refusal(
                RefusalCode.InvalidArgument, "bad_audience",
                $"Give 1 to {JwtSvid.MaxAudiences} audiences of 1 to {JwtSvid.MaxAudienceLength} characters, {MaxAudienceChars} together at most.")
            : null;

    // The gateway tells every refusal with the caller's id, and bounds those lines; this one is for looking closer.
    [LoggerMessage(EventId = 222, Level = LogLevel.Debug, Message = "JWT request {RequestId} of {Caller} refused: {Reason} ({Detail})")]
    private static partial void LogRefused(ILogger logger, string requestId, string caller, string reason, string detail);
}
