using System.Security.Cryptography;
using MeshGrains.Identity;
using MeshGrains.Keys;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Intent, act, outcome: a root's key name is committed before the key is made, every TBS before the KMS signs it, every certificate before it is
/// logged, and none is shown before the log knows it. Each call picks up where a crash stopped.
/// </summary>
[GrainType(TrustDomainGrain.Type)]
internal sealed partial class TrustDomainGrain(
    [PersistentState(TrustDomainGrain.StateName, GrainStores.Default)] IPersistentState<TrustDomainState> persistent,
    IKeyManager keys,
    IIssuanceLog log,
    IRegistrationStore registrations,
    IDenialStore denials,
    IUpstreamCa upstream,
    IGrainFactory grains,
    IOptions<TrustDomainOptions> options,
    IOptions<SvidOptions> svids,
    IOptions<RotationOptions> rotations,
    IOptions<HomeOptions> home,
    IHomeCluster homeCluster,
    IStateCodec codec,
    ISerialSource serials,
    IRandomSource random,
    TimeProvider time,
    ILogger<TrustDomainGrain> logger) : Grain, ITrustDomainGrain
{
    public const string Type = "trust-domain";
    public const string StateName = "state";

    /// <summary>How old an answer to who asks for the bundle's number may be.</summary>
    private static readonly TimeSpan BundleAge = TimeSpan.FromSeconds(2);

    /// <summary>Whichever activation recorded a key's name makes the key within this time, or is taken for dead.</summary>
    private static readonly TimeSpan MadeWithin = TimeSpan.FromSeconds(15);

    private GrainRecord<TrustDomainState> _record = null!;
    private TrustDomain _trustDomain = null!;
    private TrustDomainView? _shown;
    private long _readAt;
    private string? _named;
    private (string Name, long Since) _foreign = ("", 0);

    private TrustDomainState State => _record.Committed;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // A key in the KMS is made for whatever name this grain has: only the configured one may have it.
        if (this.GetPrimaryKeyString() != options.Value.Name)
        {
            throw new GrainOperationException(
                RefusalCode.NotFound, "no_such_trust_domain", $"This deployment serves the trust domain {options.Value.Name}, not {this.GetPrimaryKeyString()}.");
        }

        _trustDomain = TrustDomain.Parse(this.GetPrimaryKeyString());
        _record = new GrainRecord<TrustDomainState>(persistent, static state => state.OperationId);
        var shown = Math.Max(
            await log.HighestBundleNumberAsync(_trustDomain.Name, cancellationToken),
            await log.ReadAnchorAsync(_trustDomain.Name, LogAnchor.Bundle, cancellationToken));
        if (State.BundleNumber < shown)
        {
            // The state was read before the log: another activation may have written both meanwhile.
            await _record.RefreshAsync();
        }

        CheckHome();
        if (State.BundleNumber < shown && Follows)
        {
            // The home has the newer one; until it is there, none is shown.
            _least = shown;
        }
        else if (State.BundleNumber < shown)
        {
            throw StoreFailures.Of(new RecordTamperedException(
                $"trust-domain/{_trustDomain.Name}",
                $"the log tells of bundle {shown}, the state only of {State.BundleNumber}. The state store was rolled back or lost; restore the newer one, or {RestoreDeclaration.Advice}"));
        }

        await ShowAsync();
        _readAt = time.GetTimestamp();
    }

    public async Task<TrustDomainView> EnsureAsync(EnsureTrustDomain command)
    {
        await _record.SettleAsync();
        if (Follows)
        {
            return await EnsureFollowedAsync();
        }

        if (State.BundleNumber == 0)
        {
            while (TrustDomainDecisions.NextRootStep(State) is not RootStep.Done and var step)
            {
                await MakeRootAsync(step, command);
            }
        }

        var next = TrustDomainDecisions.WithRefreshHint(State, command.RefreshHintSeconds, command.OperationId);
        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next);
        }

        await ShowAsync();
        return _shown!;
    }

    /// <summary>One step of the root in the making, of the first one or of a rotation's next one.</summary>
    private async Task MakeRootAsync(RootStep step, EnsureTrustDomain command)
    {
        switch (step)
        {
            case RootStep.RecordName:
                await BeginDenialsAsync();
                await CommitAsync(TrustDomainDecisions.RecordName(State, command, NewKeyName(), time.GetUtcNow()));
                break;
            case RootStep.MakeKey:
                await CommitAsync(TrustDomainDecisions.RecordKey(State, await MakeKeyAsync(command.OperationId), $"{command.OperationId}:key"));
                break;
            case RootStep.BuildCertificate:
                await BuildRootAsync(command.OperationId);
                break;
            case RootStep.Sign:
                await SignRootAsync(command.OperationId);
                break;
            default:
                await RecordRootAsync(command.OperationId);
                break;
        }
    }

    /// <summary>The last step: the log knows the certificate, and it may be shown.</summary>
    private async Task RecordRootAsync(string operationId)
    {
        var root = State.Authorities[^1];
        await RecordAsync(IssuanceRecordKind.RootAuthority, root.CertificateDer!, root.AuthorityId!, root.KeyName, "root");
        await CommitAsync(State.BundleNumber == 0
            ? TrustDomainDecisions.ActivateFirst(State, $"{operationId}:root")
            : RotationDecisions.Distribute(State, operationId, time.GetUtcNow()));
        LogRootMade(logger, _trustDomain.Name, root.AuthorityId!, root.KeyReference!, root.NotAfter);
    }

    public Task<TrustDomainView> GetAsync() => _shown is null
        ? throw new GrainOperationException(RefusalCode.Unavailable, "no_root", $"The trust domain {_trustDomain.Name} has no root yet.")
        : Task.FromResult(_shown);

    public async Task<long> BundleNumberAsync()
    {
        // Another activation may have changed the bundle; asked by every silo, the store is read once.
        if (time.GetElapsedTime(_readAt) >= BundleAge)
        {
            await _record.RefreshAsync();
            _readAt = time.GetTimestamp();
            await ShowAsync();
        }

        return _shown?.BundleNumber ?? 0;
    }

    /// <summary>
    /// Shows what is committed, once no store can show an older bundle unnoticed, and tells the silos of a new number. Written, anchored, shown, in
    /// this order: a crash between leaves the anchor below the state, never above it.
    /// </summary>
    private async Task ShowAsync()
    {
        if (State.BundleNumber == 0 || State.BundleNumber < _least)
        {
            return;
        }

        var before = _shown?.BundleNumber;
        if (State.BundleNumber != before)
        {
            try
            {
                await log.RaiseAnchorAsync(_trustDomain.Name, LogAnchor.Bundle, State.BundleNumber, CancellationToken.None);
            }
            catch (Exception failure)
            {
                throw new GrainOperationException(RefusalCode.Unavailable, "log_unavailable", failure.Message);
            }
        }

        _shown = TrustDomainDecisions.View(State, _trustDomain.Name);
        if (before is not null && State.BundleNumber > before)
        {
            try
            {
                await grains.GetGrain<IDenialGrain>(_trustDomain.Name).AnnounceBundleAsync(State.BundleNumber);
            }
            catch (Exception failure)
            {
                LogNotAnnounced(logger, State.BundleNumber, failure.Message);
            }
        }
    }

    public async Task<CertifiedIssuingCa> CertifyAsync(CertifyIssuingCa command)
    {
        await _record.SettleAsync();
        if (Follows)
        {
            return await CertifyAtHomeAsync(command);
        }

        var (next, intent) = TrustDomainDecisions.Certify(State, _trustDomain, command, serials.Next(), time.GetUtcNow());
        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next);

            // Where only a reply was lost, the store holds an earlier attempt's intent: its bytes are signed, not those made just now.
            intent = TrustDomainDecisions.Certify(State, _trustDomain, command, serials.Next(), time.GetUtcNow()).Intent;
        }

        if (intent.CertificateDer is null)
        {
            var root = State.Authorities.Single(authority => authority.AuthorityId == intent.RootAuthorityId);
            var signed = TrustDomainDecisions.Certified(State, intent.OperationId, await SignAsync(root, intent.Tbs));
            await CommitAsync(signed);
            intent = State.Intents.Single(known => known.OperationId == command.OperationId);
        }

        // Every time, for a crash may have come between commit and record; no certificate leaves that the log does not know.
        var der = intent.CertificateDer!;
        await RecordAsync(IssuanceRecordKind.IssuingCa, der, intent.RootAuthorityId, intent.OperationId, $"silo:{intent.Cluster}/{intent.Silo}");
        return new CertifiedIssuingCa(intent.AuthorityId, intent.RootAuthorityId, der, intent.NotBefore, intent.NotAfter, intent.BundleNumber ?? 0);
    }

    public async Task<long> PublishJwtAuthorityAsync(PublishJwtAuthority command)
    {
        await _record.SettleAsync();
        if (Follows)
        {
            return await TakeAsync(await homeCluster.PublishJwtAuthorityAsync(command, CancellationToken.None));
        }

        var next = JwtPublishing.Publish(State, command, svids.Value.ClockSkew, time.GetUtcNow());
        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next);
        }

        // Also when it lay there already: an earlier attempt may have ended before it was shown.
        await ShowAsync();
        return State.BundleNumber;
    }

    public async Task<bool> WithdrawJwtAuthorityAsync(string cluster, string keyId, string operationId)
    {
        await _record.SettleAsync();
        if (Follows)
        {
            return await TakeAsync(await homeCluster.WithdrawJwtAuthorityAsync(keyId, operationId, CancellationToken.None));
        }

        if (JwtPublishing.Withdraw(State, cluster, keyId, operationId, time.GetUtcNow()) is not { } next)
        {
            return false;
        }

        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next);
        }

        await ShowAsync();
        return true;
    }

    public async Task<long> RevokeJwtAuthorityAsync(string cluster, string keyId, string operationId)
    {
        await _record.SettleAsync();
        if (Follows)
        {
            return await TakeAsync(await homeCluster.RevokeJwtAuthorityAsync(keyId, operationId, CancellationToken.None));
        }

        var next = JwtPublishing.Revoke(State, cluster, keyId, operationId);
        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next);
        }

        await ShowAsync();
        return State.BundleNumber;
    }

    public async Task<RegistrationTemplate> PutTemplateAsync(RegistrationTemplate template)
    {
        string? wrong = null;
        if (template.TrustDomain != _trustDomain.Name)
        {
            wrong = $"it belongs to the trust domain {template.TrustDomain}";
        }
        else if (!TemplatePattern.TryParse(template.Pattern, _trustDomain.Name, out _, out var why))
        {
            wrong = why;
        }
        else
        {
            wrong = EntryRules.Check(template, svids.Value.MaxTtl);
        }

        if (wrong is not null)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_template", $"The template '{template.Pattern}' is refused: {wrong}");
        }

        var before = template.Revision == 1 ? null : await FindTemplateAsync(template.Id);
        var stamped = template with { CreatedAt = before?.CreatedAt ?? time.GetUtcNow() };
        try
        {
            await registrations.PutTemplateAsync(stamped, CancellationToken.None);
            return stamped;
        }
        catch (Exception failure)
        {
            // The reply may have been lost: an operation id of ours in the store is success.
            var stored = await FindTemplateAsync(template.Id);
            return stored?.OperationId == template.OperationId ? stored : throw Failed(failure);
        }
    }

    public async Task<bool> DeleteTemplateAsync(string templateId, string reason, string actor, string operationId)
    {
        var deleted = await FindTemplateAsync(templateId) is { } stored && await DeleteAsync(stored);

        // Also when the row is gone already: an earlier attempt may have ended between the two steps.
        await grains.GetGrain<IDenialGrain>(_trustDomain.Name).AddAsync(
            new Denial(DenialKind.DeletedRegistration, templateId, 0, reason, actor, time.GetUtcNow(), operationId));
        return deleted;
    }

    private async Task<bool> DeleteAsync(RegistrationTemplate template)
    {
        try
        {
            return await registrations.DeleteTemplateAsync(_trustDomain.Name, template.Id, template.Revision, CancellationToken.None);
        }
        catch (Exception failure)
        {
            // The reply may have been lost: a row that is gone was deleted.
            return await FindTemplateAsync(template.Id) is null ? true : throw Failed(failure);
        }
    }

    private async Task<RegistrationTemplate?> FindTemplateAsync(string id)
    {
        try
        {
            return (await registrations.ListTemplatesAsync(_trustDomain.Name, CancellationToken.None)).FirstOrDefault(known => known.Id == id);
        }
        catch (Exception failure)
        {
            throw Failed(failure);
        }
    }

    /// <summary>An empty set from the very beginning, so that one which is missing later is seen to be missing.</summary>
    private async Task BeginDenialsAsync()
    {
        try
        {
            await denials.WriteAsync(_trustDomain.Name, new DenialSet(0, []), CancellationToken.None);
        }
        catch (RecordConflictException)
        {
            // It has begun.
        }
        catch (Exception failure)
        {
            throw StoreFailures.Of(failure);
        }
    }

    private string NewKeyName() => _named = TrustDomainDecisions.RootKeyName(_trustDomain.Name, random.NewId());

    private async Task<ManagedKey> MakeKeyAsync(string operationId)
    {
        try
        {
            if (await keys.FindAsync(State.Authorities[^1].KeyName, CancellationToken.None) is { } made)
            {
                return made;
            }

            if (State.Authorities[^1].KeyName != _named)
            {
                await TakeOverAsync(operationId);
            }

            var root = State.Authorities[^1];
            return await keys.CreateAsync(root.KeyName, Enum.Parse<KeyAlgorithm>(root.KeyAlgorithm), KeyPurpose.Sign, CancellationToken.None);
        }
        catch (KeyManagerException failure)
        {
            throw Unavailable(failure);
        }
    }

    /// <summary>
    /// Another activation recorded this name and may be making the key at this very moment: two would make two. Only when it has not for long is it
    /// dead, and a name of this activation takes the place of its own, so that a key which it makes late is nobody's.
    /// </summary>
    private async Task TakeOverAsync(string operationId)
    {
        var foreign = State.Authorities[^1].KeyName;
        if (_foreign.Name != foreign)
        {
            _foreign = (foreign, time.GetTimestamp());
        }

        if (time.GetElapsedTime(_foreign.Since) < MadeWithin)
        {
            // What stands now may be more than this activation has seen.
            await _record.RefreshAsync();
            throw new GrainOperationException(RefusalCode.Unavailable, "key_in_making", "Another activation is making the root's key; try again shortly.");
        }

        var renamed = TrustDomainDecisions.Rename(State, NewKeyName(), $"{operationId}:rename");
        await CommitAsync(RotationDecisions.Renamed(renamed, renamed.Authorities[^1].KeyName));
    }

    private async Task<byte[]> SignAsync(RootAuthority root, byte[] tbs)
    {
        var algorithm = Enum.Parse<KeyAlgorithm>(root.KeyAlgorithm);
        var signature = algorithm switch
        {
            KeyAlgorithm.EcdsaP256 => SignatureAlgorithm.EcdsaSha256,
            KeyAlgorithm.EcdsaP384 => SignatureAlgorithm.EcdsaSha384,
            _ => SignatureAlgorithm.RsaPkcs1Sha256,
        };
        try
        {
            var bytes = await keys.SignDigestAsync(
                new KeyReference(root.KeyReference!), algorithm, CaCertificateWriter.Digest(tbs, signature), CancellationToken.None);
            return CaCertificateWriter.Assemble(tbs, signature, bytes);
        }
        catch (KeyManagerException failure)
        {
            throw Unavailable(failure);
        }
    }

    private async Task RecordAsync(IssuanceRecordKind kind, byte[] der, string issuer, string operationId, string caller)
    {
        var certificate = ParsedCertificate.Read(der);
        var hash = SHA256.HashData(der);
        var now = time.GetUtcNow();
        var record = new IssuanceRecord(
            kind, _trustDomain.Name, certificate.SerialHex, _trustDomain.Id.ToString(), issuer, certificate.NotBefore, certificate.NotAfter,
            operationId, caller, operationId, now, State.BundleNumber, hash, now);
        try
        {
            if (await log.FindBySerialAsync(_trustDomain.Name, certificate.SerialHex, new CertificateHint(issuer, certificate.NotBefore), CancellationToken.None) is null)
            {
                await log.AppendAsync(record, CancellationToken.None);
            }
        }
        catch (Exception failure)
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "log_unavailable", failure.Message);
        }
    }

    private async Task CommitAsync(TrustDomainState next)
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

    private static GrainOperationException Failed(Exception failure) => failure is RecordConflictException
        ? new GrainOperationException(RefusalCode.Conflict, "template_conflict", failure.Message)
        : StoreFailures.Of(failure);

    private static GrainOperationException Unavailable(KeyManagerException failure) =>
        new(RefusalCode.Unavailable, "kms_unavailable", $"The key manager refused or did not answer: {failure.Message}");

    [LoggerMessage(EventId = 161, Level = LogLevel.Debug, Message = "Bundle {Number} was not announced ({Reason}); silos look for themselves within a third of the denial lease.")]
    private static partial void LogNotAnnounced(ILogger logger, long number, string reason);

    [LoggerMessage(EventId = 160, Level = LogLevel.Information, Message = "Trust domain {TrustDomain} has the root {AuthorityId} (key {KeyReference}) until {NotAfter:u}.")]
    private static partial void LogRootMade(ILogger logger, string trustDomain, string authorityId, string keyReference, DateTimeOffset notAfter);
}
