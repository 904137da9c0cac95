using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using MeshGrains.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Authorises silos' issuing CAs by their bootstrap signatures, has them certified by the trust domain, keeps the list. A reminder retires what
/// has ended and warns of what soon will.
/// </summary>
[GrainType("cluster-ca")]
internal sealed partial class ClusterCaGrain(
    [PersistentState("state", GrainStores.Default)] IPersistentState<ClusterCaState> persistent,
    IGrainFactory grains,
    ISiloBootstrap bootstrap,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<CaOptions> options,
    IOptions<SvidOptions> svids,
    IRandomSource random,
    TimeProvider time,
    ILogger<ClusterCaGrain> logger) : Grain, IClusterCaGrain, IRemindable
{
    private const string SweepReminder = "sweep";
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromHours(1);
    private static readonly TimeSpan MaxRequestAge = TimeSpan.FromMinutes(5);
    private static readonly SearchValues<char> EndpointCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_[]:%");

    private GrainRecord<ClusterCaState> _record = null!;
    private bool _sweeps;

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
            return new CertifiedIssuingCa(record.AuthorityId!, record.RootAuthorityId!, standing, record.NotBefore, record.NotAfter);
        }

        var certified = await grains.GetGrain<ITrustDomainGrain>(trustDomain.Value.Name).CertifyAsync(new CertifyIssuingCa(
            request.OperationId, trustDomain.Value.Cluster, request.Silo, request.SubjectPublicKeyInfo, (long)options.Value.IssuingCaTtl.TotalSeconds));
        await CommitAsync(ClusterCaDecisions.Activate(_record.Committed, request.OperationId, certified));
        return certified;
    }

    public Task<ImmutableArray<IssuingCaView>> ListAsync() => Task.FromResult(_record.Committed.IssuingCas
        .Where(ca => ca.CertificateDer is not null)
        .Select(View)
        .ToImmutableArray());

    public async Task<IssuingCaView> TaintAsync(string authorityId, string reason, string actor, string operationId)
    {
        await _record.SettleAsync();
        var next = ClusterCaDecisions.Taint(_record.Committed, authorityId, reason, operationId);
        if (!ReferenceEquals(next, _record.Committed))
        {
            await CommitAsync(next);
        }

        await grains.GetGrain<IDenialGrain>(trustDomain.Value.Name).AddAsync(
            new Denial(DenialKind.TaintedAuthority, authorityId, 0, reason, actor, time.GetUtcNow(), operationId));
        LogTainted(logger, authorityId, actor, reason);
        return View(_record.Committed.IssuingCas.First(ca => ca.AuthorityId == authorityId));
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        await _record.SettleAsync();
        var now = time.GetUtcNow();
        var next = ClusterCaDecisions.Sweep(_record.Committed, now, svids.Value.ClockSkew, random.NewId());
        if (!ReferenceEquals(next, _record.Committed))
        {
            await CommitAsync(next);
        }

        foreach (var root in (await grains.GetGrain<ITrustDomainGrain>(trustDomain.Value.Name).GetAsync()).Authorities)
        {
            var left = root.NotAfter - now;
            if (root.State == AuthorityState.Active && left < options.Value.RootTtl / 6)
            {
                LogRootEnding(logger, root.AuthorityId, root.NotAfter, left.TotalDays);
            }
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
                await this.RegisterOrUpdateReminder(SweepReminder, SweepPeriod * random.NextJitter(0.2), SweepPeriod);
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
        var now = time.GetUtcNow();
        if (!IsWord(request.OperationId) || !IsWord(request.Silo) || !IsWord(request.Incarnation))
        {
            throw Refuse("its operation id, silo name or incarnation is not 1 to 64 letters, digits, '-', '_' or '.'");
        }

        if (!IsEndpoint(request.RelayEndpoint))
        {
            throw Refuse("its relay endpoint is no host:port");
        }

        if (!PublicKeyInfo.TryRead(request.SubjectPublicKeyInfo, out var key, out _) || key.Kind != KeyKind.P256)
        {
            throw Refuse("its key is not a P-256 SubjectPublicKeyInfo");
        }

        if ((now - request.RequestedAt).Duration() > MaxRequestAge)
        {
            throw Refuse($"the request is dated {request.RequestedAt:u}, this clock says {now:u}; set the silo's clock");
        }

        if (request.BootstrapChain.Length is 0 or > 4)
        {
            throw Refuse("it carries no bootstrap certificate");
        }

        var validation = X509SvidValidator.Validate(
            request.BootstrapChain[0], [.. request.BootstrapChain.Skip(1).Select(der => (ReadOnlyMemory<byte>)der)], bootstrap.Anchors, now,
            new X509SvidValidationOptions { ClockSkew = svids.Value.ClockSkew });
        if (!validation.IsValid)
        {
            throw Refuse($"its bootstrap certificate is not acceptable: {validation.Error}");
        }

        if (!BootstrapNames.TryRead(validation.Id, trustDomain.Value.Name, out _, out var silo) || silo != request.Silo)
        {
            throw Refuse($"its bootstrap certificate names {validation.Id}, not silo '{request.Silo}'");
        }

        var leaf = ParsedCertificate.Read(request.BootstrapChain[0]);
        var statement = IssuingCaRequestStatement.Encode(this.GetPrimaryKeyString(), request);
        if (!SignatureVerifier.Verify(leaf.PublicKey, SignatureAlgorithm.EcdsaSha256, statement, request.Signature))
        {
            throw Refuse("its signature does not fit its bootstrap certificate");
        }
    }

    private static bool IsWord(string? text) =>
        text is { Length: > 0 and <= 64 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>A host name, an IPv4 address or an IPv6 address in brackets, and a port; or nothing.</summary>
    private static bool IsEndpoint(string? text) => text is { Length: 0 }
        || (text is { Length: <= 262 } && text.LastIndexOf(':') is > 0 and var colon
            && text.AsSpan(0, colon).IndexOfAnyExcept(EndpointCharacters) < 0
            && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0);

    private GrainOperationException Refuse(string why)
    {
        LogRefused(logger, why);
        return new GrainOperationException(RefusalCode.PermissionDenied, "silo_refused", $"The request for an issuing CA is refused: {why}.");
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

    private static IssuingCaView View(IssuingCaRecord ca) => new(
        ca.AuthorityId!, ca.RootAuthorityId!, ca.Silo, ca.State, ca.NotBefore, ca.NotAfter, ca.CertificateDer!, ca.TaintReason,
        ca.Incarnation, ca.RelayEndpoint);

    [LoggerMessage(EventId = 170, Level = LogLevel.Warning, Message = "A request for an issuing CA was refused: {Why}.")]
    private static partial void LogRefused(ILogger logger, string why);

    [LoggerMessage(EventId = 171, Level = LogLevel.Warning, Message = "Issuing CA {AuthorityId} was tainted by {Actor}: {Reason}")]
    private static partial void LogTainted(ILogger logger, string authorityId, string actor, string reason);

    [LoggerMessage(EventId = 173, Level = LogLevel.Warning, Message = "The reminder that retires ended CAs could not be registered; the next request tries again. {Reason}")]
    private static partial void LogNoReminder(ILogger logger, string reason);

    [LoggerMessage(EventId = 172, Level = LogLevel.Warning, Message = "Root {AuthorityId} ends at {NotAfter:u}, in {Days:0.0} days. Rotate it before.")]
    private static partial void LogRootEnding(ILogger logger, string authorityId, DateTimeOffset notAfter, double days);
}
