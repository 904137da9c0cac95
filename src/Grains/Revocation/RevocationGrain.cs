using System.Collections.Immutable;
using MeshGrains.Identity;
using MeshGrains.Keys;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>The bytes of a root's list are recorded before the KMS signs them, and the signature before anybody is shown the list.</summary>
[GrainType("revocation")]
internal sealed partial class RevocationGrain(
    [PersistentState("state", GrainStores.Default)] IPersistentState<RevocationState> persistent,
    IKeyManager keys,
    IGrainFactory grains,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<RevocationOptions> options,
    IOptions<HomeOptions> home,
    IRandomSource random,
    TimeProvider time,
    ILogger<RevocationGrain> logger) : Grain, IRevocationGrain
{
    private const int Attempts = 4;

    private GrainRecord<RevocationState> _record = null!;
    private ImmutableArray<CrlView> _views = [];
    private RevocationState? _viewed;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (this.GetPrimaryKeyString() != trustDomain.Value.Name)
        {
            throw new GrainOperationException(
                RefusalCode.NotFound, "no_such_trust_domain", $"This deployment serves the trust domain {trustDomain.Value.Name}, not {this.GetPrimaryKeyString()}.");
        }

        _record = new GrainRecord<RevocationState>(persistent, static state => state.OperationId);
        return Task.CompletedTask;
    }

    public Task PublishAsync(PublishCrl list) => ChangeAsync(state => RevocationDecisions.Publish(state, list, random.NewId()));

    public Task<ImmutableArray<CrlView>> ListAsync() => Task.FromResult(Views());

    public async Task<ImmutableArray<CrlView>> RefreshAsync()
    {
        var view = await grains.GetGrain<ITrustDomainGrain>(trustDomain.Value.Name).GetAsync();
        var issuing = await grains.GetGrain<IClusterCaGrain>(trustDomain.Value.ClusterKey).ListAsync();
        var denials = await grains.GetGrain<IDenialGrain>(trustDomain.Value.Name).ReadAsync();
        var now = time.GetUtcNow();

        // Nothing chains to a root that was never active; one that is drained still has to answer for what it signed.
        var roots = view.Authorities.Where(root => root.State != AuthorityState.Prepared && root.NotAfter > now).ToList();
        await ChangeAsync(state => RevocationDecisions.Prune(state, roots.Select(root => root.AuthorityId).ToHashSet(StringComparer.Ordinal), random.NewId(), now));
        if (home.Value.IsElsewhere)
        {
            // The root's key is the home's, and so are its lists and their numbers.
            return Views();
        }

        foreach (var root in roots)
        {
            await SignAsync(root, RevocationDecisions.Revoked(root.AuthorityId, issuing, denials, now), now);
        }

        return Views();
    }

    private async Task SignAsync(AuthorityView root, ImmutableArray<RevokedCertificate> revoked, DateTimeOffset now)
    {
        var certificate = ParsedCertificate.Read(root.CertificateDer);
        var (key, signature) = AlgorithmOf(certificate.PublicKey);
        await ChangeAsync(state => RevocationDecisions.Begin(state, certificate, signature, revoked, options.Value.RootCrlLifetime, random.NewId(), now));
        if (_record.Committed.Roots.FirstOrDefault(list => list.AuthorityId == root.AuthorityId) is not { Tbs: { } tbs } intent)
        {
            return;
        }

        try
        {
            var bytes = await keys.SignDigestAsync(new KeyReference(root.KeyReference), key, CaCertificateWriter.Digest(tbs, signature), CancellationToken.None);
            var der = CrlWriter.Assemble(tbs, signature, bytes);
            await ChangeAsync(state => state.Roots.Contains(intent) ? RevocationDecisions.Signed(state, intent, der, random.NewId()) : state);
            LogSigned(logger, root.AuthorityId, intent.Number, intent.Serials.Length, intent.NextUpdate);
        }
        catch (KeyManagerException failure)
        {
            // The list before holds to its own end, and the next look signs these very bytes.
            LogNotSigned(logger, root.AuthorityId, intent.Number, failure.Message);
        }
    }

    private static (KeyAlgorithm Key, SignatureAlgorithm Signature) AlgorithmOf(PublicKeyInfo key) => key.Kind switch
    {
        KeyKind.P256 => (KeyAlgorithm.EcdsaP256, SignatureAlgorithm.EcdsaSha256),
        KeyKind.P384 => (KeyAlgorithm.EcdsaP384, SignatureAlgorithm.EcdsaSha384),
        _ => (key.Der.Length switch { < 400 => KeyAlgorithm.Rsa2048, < 500 => KeyAlgorithm.Rsa3072, _ => KeyAlgorithm.Rsa4096 }, SignatureAlgorithm.RsaPkcs1Sha256),
    };

    private ImmutableArray<CrlView> Views()
    {
        if (!ReferenceEquals(_viewed, _record.Committed))
        {
            (_views, _viewed) = (RevocationDecisions.Views(_record.Committed), _record.Committed);
        }

        return _views;
    }

    private async Task ChangeAsync(Func<RevocationState, RevocationState> change)
    {
        await _record.SettleAsync();
        for (var attempt = 1; ; attempt++)
        {
            var next = change(_record.Committed);
            if (ReferenceEquals(next, _record.Committed))
            {
                return;
            }

            try
            {
                await _record.CommitAsync(next);
                return;
            }
            catch (RecordConflictException conflict) when (attempt == Attempts)
            {
                throw new GrainOperationException(RefusalCode.Unavailable, "state_conflict", conflict.Message);
            }
            catch (RecordConflictException)
            {
                // Decided anew on what the other one wrote.
            }
        }
    }

    [LoggerMessage(EventId = 260, Level = LogLevel.Information, Message = "Root {Root} signed revocation list {Number} of {Count} issuing CAs, which holds until {Until:u}.")]
    private static partial void LogSigned(ILogger logger, string root, long number, int count, DateTimeOffset until);

    [LoggerMessage(EventId = 261, Level = LogLevel.Warning, Message = "Revocation list {Number} of root {Root} is not signed yet: {Reason}")]
    private static partial void LogNotSigned(ILogger logger, string root, long number, string reason);
}
