using System.Security.Cryptography;
using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>The gateway's own SVID, from this silo's snapshot; clipped and recorded like any leaf.</summary>
internal sealed class GatewayCertificateIssuer : IGatewayCertificateIssuer
{
    private const string GatewayPath = EntryRules.ReservedPrefix + "/gateway";

    private readonly IssuerSource _issuers;
    private readonly DenialReplica _denials;
    private readonly IIssuanceLog _log;
    private readonly ISerialSource _serials;
    private readonly IRandomSource _random;
    private readonly SvidOptions _options;
    private readonly TimeProvider _time;

    public GatewayCertificateIssuer(
        IssuerSource issuers, DenialReplica denials, IIssuanceLog log, ISerialSource serials, IRandomSource random, IOptions<SvidOptions> options, TimeProvider time)
    {
        _issuers = issuers;
        _denials = denials;
        _log = log;
        _serials = serials;
        _random = random;
        _options = options.Value;
        _time = time;
        issuers.Changed += _ => IssuerChanged?.Invoke();
    }

    public event Action? IssuerChanged;

    public async ValueTask<GatewayCertificate> IssueAsync(GatewayCertificateRequest request, CancellationToken cancellationToken)
    {
        var issuer = _issuers.Serving
            ?? throw new GrainOperationException(RefusalCode.Unavailable, "not_ready", $"No gateway certificate yet: {_issuers.WaitingFor}.");
        var now = _time.GetUtcNow();

        // From the CA of before a rotation there is one certificate, and it has to last for the drain; a gateway that runs apart renews in time.
        var former = issuer.AuthorityId != _issuers.Current?.AuthorityId;
        if (!Validity.TryForLeaf(now, former && request.Gateway is null ? _options.MaxTtl : _options.DefaultTtl, issuer.NotAfter, _options.Backdate, out var validity))
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "issuer_ended", "The issuing CA has ended.");
        }

        var id = SpiffeId.FromPath(issuer.TrustDomain, request.Gateway is { } name ? $"{GatewayPath}/{name}" : GatewayPath);
        CheckDenials(issuer, id);
        var serial = _serials.Next();
        var der = X509SvidWriter.Issue(issuer.Issuer, new X509SvidRequest
        {
            Id = id,
            SubjectPublicKeyInfo = request.SubjectPublicKeyInfo,
            Serial = serial,
            NotBefore = validity.NotBefore,
            NotAfter = validity.NotAfter,
            DnsNames = request.DnsNames,
            IpAddresses = request.IpAddresses,
        });
        var record = new IssuanceRecord(
            former && request.Gateway is null ? IssuanceRecordKind.GatewaySvid : IssuanceRecordKind.X509Svid, issuer.TrustDomain.Name, serial.ToString(), id.ToString(), issuer.AuthorityId,
            validity.NotBefore, validity.NotAfter, _random.NewId(), request.Gateway is { } caller ? $"gateway:{caller}" : "gateway", "gateway", now, issuer.BundleNumber, SHA256.HashData(der), now);
        try
        {
            await _log.AppendAsync(record, cancellationToken);
        }
        catch (IssuanceShardSealedException) when (former)
        {
            _issuers.ForgetFormer(issuer.AuthorityId);
            return await IssueAsync(request, cancellationToken);
        }
        catch (IssuanceShardSealedException fenced)
        {
            _issuers.Drop(issuer.AuthorityId, $"the log shard of the issuing CA {issuer.AuthorityId} was sealed and another CA is being asked for");
            throw new GrainOperationException(RefusalCode.Unavailable, "issuer_fenced", fenced.Message);
        }

        // A denial may have come, or the lease ended, while the record was being written.
        CheckDenials(issuer, id);
        if (request.Gateway is null)
        {
            _issuers.Serves(issuer.RootAuthorityId);
        }

        return new GatewayCertificate(
            id.ToString(), serial.ToString(), der, issuer.ChainDer, issuer.AuthorityId, validity.NotBefore, validity.NotAfter);
    }

    /// <summary>Gateways' certificates stop where workloads' do: without a lease, under a tainted CA, for a quarantined identity.</summary>
    private void CheckDenials(IssuerSnapshot issuer, SpiffeId id)
    {
        if (_denials.Fresh is not { } denials)
        {
            throw new GrainOperationException(IssuanceRefusals.DenialsStale);
        }

        if (denials.Contains(DenialKind.TaintedAuthority, issuer.AuthorityId))
        {
            throw new GrainOperationException(IssuanceRefusals.IssuerTainted);
        }

        if (denials.Contains(DenialKind.QuarantinedIdentity, id.ToString()))
        {
            throw new GrainOperationException(
                RefusalCode.PermissionDenied, "quarantined", $"The gateway's identity {id} is quarantined: it gets no new certificates until an operator releases it.");
        }
    }
}
