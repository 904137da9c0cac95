using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>What is on the lists and when one is due, as pure functions.</summary>
internal static class RevocationDecisions
{
    /// <summary>Between two signatures of the KMS for one root, whatever changes: what is tainted meanwhile goes on the next list together.</summary>
    public static readonly TimeSpan LeastPause = TimeSpan.FromSeconds(30);

    /// <summary>What the KMS could not sign within this time is written anew.</summary>
    public static readonly TimeSpan IntentHolds = TimeSpan.FromMinutes(10);

    public const int MaxLists = 4096;

    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The tainted issuing CAs of a root that are on its list now. While agents replace what one signed over a time it is not there yet: who asks for lists would refuse
    /// what is about to be replaced.
    /// </summary>
    public static ImmutableArray<RevokedCertificate> Revoked(string rootAuthorityId, IEnumerable<IssuingCaView> issuingCas, DenialSet denials, DateTimeOffset now) =>
    [
        .. from ca in issuingCas
           where ca.RootAuthorityId == rootAuthorityId && ca.NotAfter > now
           let denial = DenialDecisions.Find(denials, DenialKind.TaintedAuthority, ca.AuthorityId)
           where denial is not null && denial.Since + TimeSpan.FromSeconds(denial.ReissueOverSeconds ?? 0) <= now
           let serial = ParsedCertificate.Read(ca.CertificateDer).SerialHex
           orderby serial.Length, serial
           select new RevokedCertificate(serial, denial.Since, CrlReason.CaCompromise),
    ];

    /// <summary>The bytes that the KMS has to sign for this root now, recorded; the state itself when nothing is due.</summary>
    public static RevocationState Begin(
        RevocationState state, ParsedCertificate root, SignatureAlgorithm algorithm, ImmutableArray<RevokedCertificate> revoked, TimeSpan lifetime, string operationId,
        DateTimeOffset now)
    {
        var standing = state.Roots.FirstOrDefault(list => list.AuthorityId == root.AuthorityId);
        var serials = revoked.Select(certificate => certificate.Serial).ToImmutableArray();
        if (standing is not null && !IsDue(standing, serials, now))
        {
            return state;
        }

        var thisUpdate = Validity.WholeSeconds(now);
        var nextUpdate = Validity.WholeSeconds(now + lifetime < root.NotAfter ? now + lifetime : root.NotAfter);
        if (nextUpdate <= thisUpdate)
        {
            return state;
        }

        var number = Math.Max((standing?.Number ?? 0) + 1, now.ToUnixTimeSeconds());
        var next = (standing ?? new RootCrl { AuthorityId = root.AuthorityId, Number = 0, ThisUpdate = default, NextUpdate = default }) with
        {
            Number = number, ThisUpdate = thisUpdate, NextUpdate = nextUpdate, Serials = serials,
            Tbs = CrlWriter.BuildTbs(CrlProfile.Of(root, algorithm, number, thisUpdate - Backdate, nextUpdate, revoked)),
        };
        return state with
        {
            Roots = standing is null ? state.Roots.Add(next) : state.Roots.Replace(standing, next),
            OperationId = $"{operationId}:crl",
        };
    }

    public static RevocationState Signed(RevocationState state, RootCrl intent, byte[] der, string operationId) => state with
    {
        Roots = state.Roots.Replace(intent, intent with { Tbs = null, Der = der }),
        OperationId = $"{operationId}:signed",
    };

    /// <summary>Keeps a list that proves itself: signed by the key that its authority's id names. The state itself when it is no newer one.</summary>
    /// <exception cref="GrainOperationException">It is no list of this authority, or there are too many.</exception>
    public static RevocationState Publish(RevocationState state, PublishCrl publish, string operationId)
    {
        if (!PublicKeyInfo.TryRead(publish.SubjectPublicKeyInfo, out var key, out _) || KeyIdentifier.AuthorityId(key) != publish.AuthorityId
            || publish.Der.Length > CrlLimits.MaxBytes || !ParsedCrl.TryRead(publish.Der, out var list, out _)
            || Convert.ToHexStringLower(list.AuthorityKeyIdentifier.Span) != publish.AuthorityId || !list.IsSignedBy(key))
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_crl", $"This is no revocation list of the authority '{publish.AuthorityId}'.");
        }

        var standing = state.Issuing.FirstOrDefault(known => known.AuthorityId == publish.AuthorityId);
        if (list.Number <= standing?.Number)
        {
            return state;
        }

        if (standing is null && state.Issuing.Length >= MaxLists)
        {
            throw new GrainOperationException(RefusalCode.ResourceExhausted, "crls_full", $"{MaxLists} issuing CAs have a revocation list; no more until one of them has ended.");
        }

        var next = new IssuingCrl { AuthorityId = publish.AuthorityId, Number = list.Number, AuthorityEndsAt = publish.AuthorityEndsAt, Der = publish.Der };
        return state with
        {
            Issuing = standing is null ? state.Issuing.Add(next) : state.Issuing.Replace(standing, next),
            OperationId = $"{operationId}:publish",
        };
    }

    /// <summary>Forgets the lists of authorities that have ended for every clock.</summary>
    public static RevocationState Prune(RevocationState state, IReadOnlySet<string> roots, string operationId, DateTimeOffset now)
    {
        var issuing = state.Issuing.RemoveAll(list => list.AuthorityEndsAt + ClusterCaDecisions.DenyAfterEnd < now);
        var kept = state.Roots.RemoveAll(list => !roots.Contains(list.AuthorityId));
        return issuing.Length == state.Issuing.Length && kept.Length == state.Roots.Length ? state
            : state with { Issuing = issuing, Roots = kept, OperationId = $"{operationId}:prune" };
    }

    public static ImmutableArray<CrlView> Views(RevocationState state) =>
    [
        .. state.Roots.Where(list => list.Der is not null).Select(list => View(list.AuthorityId, true, list.Der!)),
        .. state.Issuing.Select(list => View(list.AuthorityId, false, list.Der)),
    ];

    private static bool IsDue(RootCrl standing, ImmutableArray<string> serials, DateTimeOffset now)
    {
        var same = standing.Serials.SequenceEqual(serials);
        return standing.Tbs is not null
            ? !same || standing.ThisUpdate + IntentHolds <= now
            : standing.ThisUpdate + LeastPause <= now && (!same || standing.ThisUpdate + ((standing.NextUpdate - standing.ThisUpdate) / 2) <= now);
    }

    private static CrlView View(string authorityId, bool isRoot, byte[] der) => ParsedCrl.TryRead(der, out var list, out var error)
        ? new CrlView(authorityId, isRoot, list.Number, list.ThisUpdate, list.NextUpdate, list.Revoked.Count, der)
        : throw new InvalidOperationException($"The stored revocation list of {authorityId} cannot be read: {error}");
}
