using System.Collections.Immutable;
using System.Globalization;
using MeshGrains.Identity;
using MeshGrains.Keys;

namespace MeshGrains.Grains;

/// <summary>What a trust domain decides, as pure functions of its state, a command and the time. Nothing here touches a store or a KMS.</summary>
internal static class TrustDomainDecisions
{
    /// <summary>Clocks of relying parties may run behind by this much when an authority appears.</summary>
    public static readonly TimeSpan AuthorityBackdate = TimeSpan.FromMinutes(5);

    /// <summary>An intent that nobody finished within this time never will be: its silo's key died with the silo.</summary>
    public static readonly TimeSpan AbandonAfter = TimeSpan.FromHours(1);

    private const int MaxIntents = 4096;
    private const int KeptPast = 512;

    /// <summary>What one member cluster may ask for within an hour: whoever took it over leaves the others enough.</summary>
    private const int MaxIntentsPerMember = 512;
    private const long MaxRootSeconds = 100L * 366 * 86_400;

    /// <summary>The next step of the root in the making; the same from every point that a crash may have left.</summary>
    public static RootStep NextRootStep(TrustDomainState state) => state.Authorities switch
    {
        _ when state.BundleNumber > 0 && RotationDecisions.Running(state) is not { Phase: RotationPhase.Prepare } => RootStep.Done,
        [] => RootStep.RecordName,
        [.., { CertificateDer: not null, State: AuthorityState.Prepared }] => RootStep.Record,
        [.., { CertificateDer: not null }] => RootStep.Done,
        [.., { Tbs: not null }] => RootStep.Sign,
        [.., { KeyReference: not null }] => RootStep.BuildCertificate,
        _ => RootStep.MakeKey,
    };

    /// <exception cref="GrainOperationException">The command asks for a root that could never be finished.</exception>
    public static TrustDomainState RecordName(TrustDomainState state, EnsureTrustDomain command, string keyName, DateTimeOffset now)
    {
        // What is recorded here is never replaced, so that a wrong word would stand in the way for ever.
        if (!Enum.GetNames<KeyAlgorithm>().Contains(command.RootKeyAlgorithm) || command.RootTtlSeconds is < 1 or > MaxRootSeconds)
        {
            throw new GrainOperationException(
                RefusalCode.InvalidArgument, "bad_root",
                $"A root of algorithm '{command.RootKeyAlgorithm}' and a life of {command.RootTtlSeconds} s cannot be made; see ca.rootKeyAlgorithm and ca.rootTtl.");
        }

        return state with
        {
            RefreshHintSeconds = command.RefreshHintSeconds,
            OperationId = $"{command.OperationId}:name",
            Authorities = state.Authorities.Add(new RootAuthority
            {
                KeyName = keyName,
                KeyAlgorithm = command.RootKeyAlgorithm,
                State = AuthorityState.Prepared,
                CreatedAt = now,
                TtlSeconds = command.RootTtlSeconds,
                NameConstraints = command.NameConstraints,
            }),
        };
    }

    /// <summary>Another name for a key that nobody has made under the first.</summary>
    public static TrustDomainState Rename(TrustDomainState state, string keyName, string operationId) =>
        ReplaceLast(state, operationId, root => root with { KeyName = keyName });

    public static TrustDomainState RecordKey(TrustDomainState state, ManagedKey key, string operationId) => ReplaceLast(state, operationId, root => root with
    {
        KeyReference = key.Reference.Value,
        SubjectPublicKeyInfo = key.SubjectPublicKeyInfo.ToArray(),
    });

    /// <summary>Fixes every byte that the KMS will sign, serial included.</summary>
    public static TrustDomainState RecordCertificate(TrustDomainState state, TrustDomain trustDomain, SerialNumber serial, string operationId, DateTimeOffset now) =>
        ReplaceLast(state, operationId, root =>
        {
            var validity = new Validity(
                Validity.WholeSeconds(now - AuthorityBackdate), Validity.WholeSeconds(now + TimeSpan.FromSeconds(root.TtlSeconds)));
            var profile = CaCertificateProfile.Root(trustDomain, root.SubjectPublicKeyInfo, serial, validity, root.NameConstraints);
            return root with
            {
                AuthorityId = profile.AuthorityId,
                Tbs = CaCertificateWriter.BuildTbs(profile),
                NotBefore = profile.NotBefore,
                NotAfter = profile.NotAfter,
            };
        });

    /// <summary>Enters the signed certificate; until the log knows it, it is shown to nobody.</summary>
    public static TrustDomainState RecordSignature(TrustDomainState state, byte[] certificateDer, string operationId) =>
        ReplaceLast(state, operationId, root => root with { CertificateDer = certificateDer });

    /// <summary>The first root is active at once: nobody holds an older bundle. The bundle's number grows.</summary>
    public static TrustDomainState ActivateFirst(TrustDomainState state, string operationId) =>
        ReplaceLast(state, operationId, root => root with { State = AuthorityState.Active }) with
        {
            BundleNumber = state.BundleNumber + 1,
        };

    /// <summary>
    /// The intent of an issuing CA's certification: found by its operation id, or made with the whole TBS. The certificate is clipped to the
    /// root's end, and refused when nothing sensible is left.
    /// </summary>
    public static (TrustDomainState State, CertificationIntent Intent) Certify(
        TrustDomainState state, TrustDomain trustDomain, CertifyIssuingCa command, SerialNumber serial, DateTimeOffset now)
    {
        if (!PublicKeyInfo.TryRead(command.SubjectPublicKeyInfo, out var key, out _) || key.Kind != KeyKind.P256)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_key", "An issuing CA's key is a P-256 SubjectPublicKeyInfo.");
        }

        if (state.Intents.FirstOrDefault(known => known.OperationId == command.OperationId) is { } standing)
        {
            return (state, Check(standing, command, KeyIdentifier.AuthorityId(key), now));
        }

        CheckBudget(state, command, now);
        var root = ActiveRoot(state);
        var pruned = Prune(state.Intents, now);
        if (pruned.Length >= MaxIntents)
        {
            throw new GrainOperationException(
                RefusalCode.ResourceExhausted, "intents_full",
                $"{MaxIntents} issuing CAs were asked for in this trust domain within about an hour; no more until that has passed.");
        }

        var validity = new Validity(
            Validity.WholeSeconds(now - Min(AuthorityBackdate, now - root.NotBefore)),
            Validity.WholeSeconds(now + TimeSpan.FromSeconds(command.TtlSeconds)));
        if (root.NotAfter <= now + TimeSpan.FromSeconds(command.TtlSeconds / 2.0))
        {
            throw new GrainOperationException(
                RefusalCode.Unavailable, "root_ending",
                $"The root {root.AuthorityId} ends at {root.NotAfter:u}, before an issuing CA would be renewed. Rotate the root.");
        }

        var profile = CaCertificateProfile.IssuingCa(
            trustDomain, command.SubjectPublicKeyInfo, ParsedCertificate.Read(root.CertificateDer!), serial, validity, root.NameConstraints);
        var intent = new CertificationIntent
        {
            OperationId = command.OperationId,
            Cluster = command.Cluster,
            Silo = command.Silo,
            AuthorityId = profile.AuthorityId,
            RootAuthorityId = root.AuthorityId!,
            Serial = serial.ToString(),
            Tbs = CaCertificateWriter.BuildTbs(profile),
            RequestedAt = now,
            NotBefore = profile.NotBefore,
            NotAfter = profile.NotAfter,
            BundleNumber = state.BundleNumber,
        };
        return (state with { Intents = pruned.Add(intent), OperationId = $"{command.OperationId}:intent" }, intent);
    }

    /// <summary>The home's own cluster CA has counted its silos' requests; nobody else has counted those of a member's.</summary>
    private static void CheckBudget(TrustDomainState state, CertifyIssuingCa command, DateTimeOffset now)
    {
        if (command.BudgetPerHour <= 0)
        {
            return;
        }

        var recent = state.Intents.Where(intent => intent.Cluster == command.Cluster && intent.RequestedAt > now - AbandonAfter).ToList();
        if (recent.Count >= MaxIntentsPerMember || recent.Count(intent => intent.Silo == command.Silo) >= command.BudgetPerHour)
        {
            throw new GrainOperationException(
                RefusalCode.ResourceExhausted, "issuing_ca_budget",
                $"Silo '{command.Silo}' of cluster '{command.Cluster}', or that cluster, has asked for as many issuing CAs within the hour as it may "
                + $"({command.BudgetPerHour} a silo, {MaxIntentsPerMember} a cluster).");
        }
    }

    /// <summary>An operation id stands for one silo and key; and what the KMS could not sign in half a life is not worth a signature any more.</summary>
    private static CertificationIntent Check(CertificationIntent standing, CertifyIssuingCa command, string authorityId, DateTimeOffset now)
    {
        if (standing.AuthorityId != authorityId || standing.Cluster != command.Cluster || standing.Silo != command.Silo)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "operation_reused", "This operation id already stands for another silo or key.");
        }

        if (standing.CertificateDer is null && standing.RequestedAt + ((standing.NotAfter - standing.RequestedAt) / 2) <= now)
        {
            throw new GrainOperationException(
                RefusalCode.Conflict, "intent_outlived", $"The request of {standing.RequestedAt:u} was not signed within half the life that it asked for; ask anew.");
        }

        return standing;
    }

    public static TrustDomainState Certified(TrustDomainState state, string operationId, byte[] certificateDer) => state with
    {
        Intents = [.. state.Intents.Select(intent => intent.OperationId == operationId ? intent with { CertificateDer = certificateDer } : intent)],
        OperationId = $"{operationId}:certified",
    };

    public static RootAuthority ActiveRoot(TrustDomainState state) =>
        state.Authorities.FirstOrDefault(root => root is { State: AuthorityState.Active, CertificateDer: not null })
        ?? throw new GrainOperationException(RefusalCode.Unavailable, "no_root", "The trust domain has no active root yet.");

    /// <summary>A refresh hint of the configuration that differs from the stored one is a change of the bundle.</summary>
    public static TrustDomainState WithRefreshHint(TrustDomainState state, int seconds, string operationId) =>
        state.RefreshHintSeconds == seconds
            ? state
            : state with { RefreshHintSeconds = seconds, BundleNumber = state.BundleNumber + 1, OperationId = $"{operationId}:hint" };

    public static TrustDomainView View(TrustDomainState state, string name) => new(
        name,
        state.BundleNumber,
        state.RefreshHintSeconds,
        [.. state.Authorities.Where(root => root.CertificateDer is not null && RotationDecisions.IsShown(state, root)).Select(root => new AuthorityView(
            root.AuthorityId!, root.State, root.CertificateDer!, root.NotBefore, root.NotAfter, root.KeyReference!, root.Upstream))],
        state.RetireGatesShutUntil,
        JwtPublishing.View(state),
        RotationDecisions.View(state),
        state.IssuersFrom ?? 0,
        RotationDecisions.ServingRoot(state));

    /// <summary>A name for a root's KMS key: unique, telling, and legal in every key manager.</summary>
    public static string RootKeyName(string trustDomain, string id)
    {
        var slug = new string([.. trustDomain.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]);
        return string.Create(CultureInfo.InvariantCulture, $"meshgrains-root-{slug[..Math.Min(slug.Length, 80)]}-{id[..12]}");
    }

    /// <summary>
    /// Forgets what has ended. An intent serves retries, which come within moments; later the log and the cluster CA tell of the certificate. So of the
    /// older ones a bounded number stays, or silos that keep starting would fill the list for every other.
    /// </summary>
    private static ImmutableArray<CertificationIntent> Prune(ImmutableArray<CertificationIntent> intents, DateTimeOffset now)
    {
        var kept = intents.RemoveAll(intent =>
            intent.NotAfter < now && (intent.CertificateDer is not null || intent.RequestedAt + AbandonAfter < now));
        var past = kept.Count(IsPast);
        return past <= KeptPast ? kept : [.. kept.Where(intent => !IsPast(intent) || past-- <= KeptPast)];

        bool IsPast(CertificationIntent intent) => intent.RequestedAt + AbandonAfter < now;
    }

    private static TrustDomainState ReplaceLast(TrustDomainState state, string operationId, Func<RootAuthority, RootAuthority> change) => state with
    {
        Authorities = state.Authorities.SetItem(state.Authorities.Length - 1, change(state.Authorities[^1])),
        OperationId = operationId,
    };

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
