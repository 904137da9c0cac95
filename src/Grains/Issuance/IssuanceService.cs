using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using MeshGrains.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// The warm path: ready? registered? denied? CSR proven? sign, record, reply. Everything before the record is synchronous when the registration is
/// cached; nothing here calls a grain.
/// </summary>
internal sealed partial class IssuanceService : IIssuanceService
{
    /// <summary>Named points for crash drills: <c>issuance.signed</c> and <c>issuance.recorded</c>. Silent unless someone listens.</summary>
    private static readonly DiagnosticListener Points = new("MeshGrains.Issuance");

    private readonly IssuerSource _issuers;
    private readonly DenialReplica _denials;
    private readonly IssuanceGuard _guard;
    private readonly IIssuanceLog _log;
    private readonly ISerialSource _serials;
    private readonly SvidOptions _options;
    private readonly IdempotencyTable _idempotency;
    private readonly IssuanceInstruments _instruments;
    private readonly TimeProvider _time;
    private readonly ILogger<IssuanceService> _logger;

    public IssuanceService(
        IssuerSource issuers,
        DenialReplica denials,
        RegistrationResolver registrations,
        IIssuanceLog log,
        ISerialSource serials,
        IOptions<SvidOptions> options,
        IssuanceInstruments instruments,
        TimeProvider time,
        ILogger<IssuanceService> logger)
    {
        _issuers = issuers;
        _denials = denials;
        _guard = new IssuanceGuard(denials, registrations, time, logger);
        _log = log;
        _serials = serials;
        _options = options.Value;
        _idempotency = new IdempotencyTable(_options.IdempotencyWindow, _options.IdempotencyCapacity, time);
        _instruments = instruments;
        _time = time;
        _logger = logger;
    }

    public IssuerSnapshot? Current => _issuers.Current;

    public string? NotReadyReason
    {
        get
        {
            if (_issuers.Current is not { } issuer)
            {
                return _denials is { Fresh: null, Failure: { } cause } ? $"{_issuers.WaitingFor}: {cause}" : _issuers.WaitingFor;
            }

            if (issuer.NotAfter <= _time.GetUtcNow())
            {
                return $"the issuing CA {issuer.AuthorityId} has ended and no other was certified";
            }

            if (_denials.Fresh is null)
            {
                const string Stale = "the denial set has not been confirmed within its lease";
                return _denials.Failure is { } why ? $"{Stale}: {why}" : Stale;
            }

            return _log.IsAvailable ? null : "the issuance log takes no records";
        }
    }

    public ValueTask<IssuanceResult> IssueAsync(SvidRequest request, CancellationToken cancellationToken) =>
        request.IdempotencyKey is null
            ? IssueOnceAsync(request, cancellationToken)
            : _idempotency.AnswerAsync(request, IssueOnceAsync, RecheckAsync, cancellationToken);

    /// <summary>A kept answer is released again only to whom a new one would be: a denial holds for retries too.</summary>
    private async ValueTask<Refusal?> RecheckAsync(SvidRequest request, IssuedSvid svid, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var lookup = await _guard.ResolveAsync(request.Caller, request.SpiffeId, cancellationToken);
        var refusal = lookup.Found
            ? _guard.Denied(lookup, issuer: null, _time.GetUtcNow()) ?? _guard.Outlived(started)
            : lookup.Refusal;
        if (refusal is null && lookup.Registration!.IdText != svid.SpiffeId)
        {
            refusal = new Refusal(RefusalCode.PermissionDenied, "not_registered", "The registration behind this request has changed; use a fresh key for a new request.");
        }

        if (refusal is null && svid.IssuerAuthorityId is { } signer && _denials.Current?.Contains(DenialKind.TaintedAuthority, signer) == true)
        {
            refusal = new Refusal(
                RefusalCode.Unavailable, "issuer_tainted", "The issuing CA of the answer to this key was tainted since; use a fresh key for a new request.");
        }

        return refusal is null ? null : Refuse(request, refusal).Refusal;
    }

    private async ValueTask<IssuanceResult> IssueOnceAsync(SvidRequest request, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var issuer = _issuers.Current;
        if (issuer is null || NotReadyReason is not null)
        {
            return Refuse(request, new Refusal(
                RefusalCode.Unavailable, "not_ready", $"This silo cannot issue now: {NotReadyReason ?? _issuers.WaitingFor}.", RetryAfter: IssuanceRefusals.RetryHint));
        }

        var lookup = await _guard.ResolveAsync(request.Caller, request.SpiffeId, cancellationToken);
        if (!lookup.Found)
        {
            return Refuse(request, lookup.Refusal);
        }

        var registration = lookup.Registration;
        var now = _time.GetUtcNow();
        if (_guard.Denied(lookup, issuer, now) is { } denied)
        {
            return Refuse(request, denied);
        }

        if (!TryTtl(request, registration, out var ttl, out var badTtl))
        {
            return Refuse(request, badTtl);
        }

        if (!CertificateSigningRequest.TryRead(request.CsrDer, out var csr, out var csrError))
        {
            return Refuse(request, new Refusal(RefusalCode.InvalidArgument, "csr_malformed", csrError));
        }

        if (!csr.VerifyProofOfPossession())
        {
            return Refuse(request, new Refusal(
                RefusalCode.InvalidArgument, "csr_proof", "The certificate request is not signed with the private key of its own public key."));
        }

        if (!Validity.TryForLeaf(now, ttl, issuer.NotAfter, _options.Backdate, out var validity))
        {
            return Refuse(request, new Refusal(RefusalCode.Unavailable, "issuer_ended", "The issuing CA ends now; try again shortly.", RetryAfter: IssuanceRefusals.RetryHint));
        }

        var (svid, record) = Sign(request, issuer, registration, lookup.AttestedAt, csr, validity, now);
        if (Points.IsEnabled("issuance.signed"))
        {
            Points.Write("issuance.signed", svid.Serial);
        }

        try
        {
            await _log.AppendAsync(record, cancellationToken);
        }
        catch (IssuanceLogUnavailableException failure)
        {
            return Refuse(request, new Refusal(
                RefusalCode.Unavailable, "log_unavailable", "The issuance log takes no records now, so nothing is issued; try again shortly.", failure.Message, IssuanceRefusals.RetryHint));
        }
        catch (IssuanceShardSealedException fenced)
        {
            Fenced(issuer, fenced);
            return Refuse(request, new Refusal(
                RefusalCode.Unavailable, "issuer_fenced", "This silo's issuing CA was fenced off and another is being asked for; try again shortly.",
                fenced.Message, IssuanceRefusals.RetryHint));
        }

        if (Points.IsEnabled("issuance.recorded"))
        {
            Points.Write("issuance.recorded", svid.Serial);
        }

        // A denial may have come while the record was being written: nothing leaves after it took effect.
        if (_guard.Denied(lookup, issuer, _time.GetUtcNow()) is { } deniedMeanwhile)
        {
            return Refuse(request, deniedMeanwhile);
        }

        if (_guard.Outlived(started) is { } outlived)
        {
            return Refuse(request, outlived);
        }

        _instruments.Issued(_time.GetElapsedTime(started));
        return svid;
    }

    private (IssuedSvid Svid, IssuanceRecord Record) Sign(
        SvidRequest request, IssuerSnapshot issuer, ResolvedRegistration registration, DateTimeOffset attestedAt,
        CertificateSigningRequest csr, Validity validity, DateTimeOffset now)
    {
        var serial = _serials.Next();
        var der = X509SvidWriter.Issue(issuer.Issuer, new X509SvidRequest
        {
            Id = registration.Id,
            SubjectPublicKeyInfo = csr.SubjectPublicKeyInfo,
            Serial = serial,
            NotBefore = validity.NotBefore,
            NotAfter = validity.NotAfter,
            DnsNames = registration.DnsNames,
        });
        var serialText = serial.ToString();
        var svid = new IssuedSvid(
            registration.IdText, serialText, der, issuer.ChainPem, issuer.BundlePem, issuer.BundleNumber, validity.NotBefore, validity.NotAfter)
        {
            IssuerAuthorityId = issuer.AuthorityId,
        };
        var record = new IssuanceRecord(
            IssuanceRecordKind.X509Svid,
            issuer.TrustDomain.Name,
            serialText,
            registration.IdText,
            issuer.AuthorityId,
            validity.NotBefore,
            validity.NotAfter,
            request.RequestId,
            request.Caller.Name,
            registration.Reference,
            attestedAt,
            issuer.BundleNumber,
            SHA256.HashData(der),
            now);
        return (svid, record);
    }

    /// <summary>Somebody took this silo for gone. It is not; but nothing can be recorded under that CA any more, so it is of no use.</summary>
    private void Fenced(IssuerSnapshot issuer, IssuanceShardSealedException fenced)
    {
        if (_issuers.Drop(issuer.AuthorityId, $"the log shard of the issuing CA {issuer.AuthorityId} was sealed and another CA is being asked for"))
        {
            LogFenced(_logger, issuer.AuthorityId, fenced.Message);
        }
    }

    private bool TryTtl(SvidRequest request, ResolvedRegistration registration, out TimeSpan ttl, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = null;

        // A registration may be older than a lowered svid.maxTtl.
        ttl = registration.Ttl is not { } registered ? _options.DefaultTtl : registered < _options.MaxTtl ? registered : _options.MaxTtl;
        if (request.RequestedTtl is not { } wanted || wanted <= TimeSpan.Zero)
        {
            return true;
        }

        if (wanted < TimeSpan.FromSeconds(1))
        {
            refusal = new Refusal(RefusalCode.InvalidArgument, "ttl_too_short", "The requested TTL is shorter than a second, the least that a certificate can say.");
            return false;
        }

        if (wanted > _options.MaxTtl)
        {
            refusal = new Refusal(
                RefusalCode.InvalidArgument, "ttl_too_long",
                $"The requested TTL of {wanted.TotalSeconds:0} s is greater than the longest allowed, {_options.MaxTtl.TotalSeconds:0} s.");
            return false;
        }

        // A registration's TTL is a bound: its holder may ask for less, not for more.
        ttl = registration.Ttl is { } bound && bound < wanted ? bound : wanted;
        return true;
    }

    private IssuanceResult Refuse(SvidRequest request, Refusal refusal)
    {
        _instruments.Refused(refusal.Reason);
        LogRefused(_logger, request.RequestId, request.Caller.Name, refusal.Reason, refusal.LogDetail ?? refusal.Message);
        return refusal;
    }

    [LoggerMessage(EventId = 202, Level = LogLevel.Warning,
        Message = "Issuing CA {AuthorityId} was fenced off; nothing more is signed with it and another is asked for. {Detail}")]
    private static partial void LogFenced(ILogger logger, string authorityId, string detail);

    // The gateway tells every refusal with the caller's id, and bounds those lines; this one is for looking closer.
    [LoggerMessage(EventId = 200, Level = LogLevel.Debug, Message = "Request {RequestId} of {Caller} refused: {Reason} ({Detail})")]
    private static partial void LogRefused(ILogger logger, string requestId, string caller, string reason, string detail);
}
