using System.Security.Cryptography;
using MeshGrains.Identity;
using MeshGrains.Keys;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Grains;

/// <summary>
/// Intent, act, outcome: a root's key name is committed before the key is made, every TBS before the KMS signs it, every certificate is in the
/// log before it is committed. Each call picks up where a crash stopped.
/// </summary>
[GrainType("trust-domain")]
internal sealed partial class TrustDomainGrain(
    [PersistentState("state", GrainStores.Default)] IPersistentState<TrustDomainState> persistent,
    IKeyManager keys,
    IIssuanceLog log,
    IRegistrationStore registrations,
    IGrainFactory grains,
    ISerialSource serials,
    IRandomSource random,
    TimeProvider time,
    ILogger<TrustDomainGrain> logger) : Grain, ITrustDomainGrain
{
    private GrainRecord<TrustDomainState> _record = null!;
    private TrustDomain _trustDomain = null!;

    private TrustDomainState State => _record.Committed;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _trustDomain = TrustDomain.Parse(this.GetPrimaryKeyString());
        _record = new GrainRecord<TrustDomainState>(persistent, static state => state.OperationId);
        var shown = await log.HighestBundleNumberAsync(_trustDomain.Name, cancellationToken);
        if (State.BundleNumber < shown)
        {
            throw new RecordTamperedException(
                $"trust-domain/{_trustDomain.Name}",
                $"the log tells of bundle {shown}, the state only of {State.BundleNumber}. The state store was rolled back or lost; declare a restore instead of starting over.");
        }
    }

    public async Task<TrustDomainView> EnsureAsync(EnsureTrustDomain command)
    {
        while (true)
        {
            switch (TrustDomainDecisions.NextRootStep(State))
            {
                case RootStep.RecordName:
                    var name = TrustDomainDecisions.RootKeyName(_trustDomain.Name, random.NewId());
                    await CommitAsync(TrustDomainDecisions.RecordName(State, command, name, time.GetUtcNow()));
                    break;
                case RootStep.MakeKey:
                    await CommitAsync(TrustDomainDecisions.RecordKey(State, await MakeKeyAsync(State.Authorities[^1]), $"{command.OperationId}:key"));
                    break;
                case RootStep.BuildCertificate:
                    await CommitAsync(TrustDomainDecisions.RecordCertificate(
                        State, _trustDomain, serials.Next(), $"{command.OperationId}:tbs", time.GetUtcNow()));
                    break;
                case RootStep.Sign:
                    var root = State.Authorities[^1];
                    var der = await SignAsync(root, root.Tbs!);
                    await RecordAsync(IssuanceRecordKind.RootAuthority, der, root.AuthorityId!, root.KeyName, "root");
                    await CommitAsync(TrustDomainDecisions.ActivateFirst(State, der, $"{command.OperationId}:root"));
                    LogRootMade(logger, _trustDomain.Name, root.AuthorityId!, root.KeyReference!, root.NotAfter);
                    break;
                default:
                    var next = TrustDomainDecisions.WithRefreshHint(State, command.RefreshHintSeconds, command.OperationId);
                    if (!ReferenceEquals(next, State))
                    {
                        await CommitAsync(next);
                    }

                    return TrustDomainDecisions.View(State, _trustDomain.Name);
            }
        }
    }

    public Task<TrustDomainView> GetAsync() => State.BundleNumber == 0
        ? throw new GrainOperationException(RefusalCode.Unavailable, "no_root", $"The trust domain {_trustDomain.Name} has no root yet.")
        : Task.FromResult(TrustDomainDecisions.View(State, _trustDomain.Name));

    public async Task<CertifiedIssuingCa> CertifyAsync(CertifyIssuingCa command)
    {
        var (next, intent) = TrustDomainDecisions.Certify(State, _trustDomain, command, serials.Next(), time.GetUtcNow());
        if (!ReferenceEquals(next, State))
        {
            await CommitAsync(next);
        }

        var der = intent.CertificateDer;
        if (der is null)
        {
            var root = State.Authorities.Single(authority => authority.AuthorityId == intent.RootAuthorityId);
            der = await SignAsync(root, intent.Tbs);
            await RecordAsync(IssuanceRecordKind.IssuingCa, der, intent.RootAuthorityId, intent.OperationId, $"silo:{intent.Cluster}/{intent.Silo}");
            await CommitAsync(TrustDomainDecisions.Certified(State, intent.OperationId, der));
        }

        return new CertifiedIssuingCa(intent.AuthorityId, intent.RootAuthorityId, der, intent.NotBefore, intent.NotAfter);
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

        if (wrong is not null)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_template", $"The template '{template.Pattern}' is refused: {wrong}");
        }

        var stamped = template with { CreatedAt = template.Revision == 1 ? time.GetUtcNow() : template.CreatedAt };
        try
        {
            await registrations.PutTemplateAsync(stamped, CancellationToken.None);
            return stamped;
        }
        catch (Exception failure) when (failure is not RecordTamperedException)
        {
            var stored = (await registrations.ListTemplatesAsync(_trustDomain.Name, CancellationToken.None)).FirstOrDefault(known => known.Id == template.Id);
            if (stored is not null && stored.OperationId == template.OperationId)
            {
                return stored;
            }

            throw failure is RecordConflictException
                ? new GrainOperationException(RefusalCode.Conflict, "template_conflict", failure.Message)
                : failure;
        }
    }

    public async Task<bool> DeleteTemplateAsync(string templateId, string reason, string actor, string operationId)
    {
        var stored = (await registrations.ListTemplatesAsync(_trustDomain.Name, CancellationToken.None)).FirstOrDefault(known => known.Id == templateId);
        try
        {
            var deleted = stored is not null
                && await registrations.DeleteTemplateAsync(_trustDomain.Name, templateId, stored.Revision, CancellationToken.None);
            await grains.GetGrain<IDenialGrain>(_trustDomain.Name).AddAsync(
                new Denial(DenialKind.DeletedRegistration, templateId, 0, reason, actor, time.GetUtcNow(), operationId));
            return deleted;
        }
        catch (RecordConflictException conflict)
        {
            throw new GrainOperationException(RefusalCode.Conflict, "template_conflict", conflict.Message);
        }
    }

    private async Task<ManagedKey> MakeKeyAsync(RootAuthority root)
    {
        try
        {
            return await keys.FindAsync(root.KeyName, CancellationToken.None)
                ?? await keys.CreateAsync(root.KeyName, Enum.Parse<KeyAlgorithm>(root.KeyAlgorithm), KeyPurpose.Sign, CancellationToken.None);
        }
        catch (KeyManagerException failure)
        {
            throw Unavailable(failure);
        }
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
            // After a crash between record and commit the very TBS is signed again, under the serial that the log already knows; an ECDSA
            // signature differs each time, so that the serial, and not the hash, is what must agree.
            if (await log.FindBySerialAsync(_trustDomain.Name, certificate.SerialHex, CancellationToken.None) is null)
            {
                await log.AppendAsync(record, CancellationToken.None);
            }
        }
        catch (IssuanceLogUnavailableException failure)
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

    private static GrainOperationException Unavailable(KeyManagerException failure) =>
        new(RefusalCode.Unavailable, "kms_unavailable", $"The key manager refused or did not answer: {failure.Message}");

    [LoggerMessage(EventId = 160, Level = LogLevel.Information, Message = "Trust domain {TrustDomain} has the root {AuthorityId} (key {KeyReference}) until {NotAfter:u}.")]
    private static partial void LogRootMade(ILogger logger, string trustDomain, string authorityId, string keyReference, DateTimeOffset notAfter);
}
