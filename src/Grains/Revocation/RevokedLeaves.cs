using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>
/// What is on the list of an issuing CA: the live certificates of quarantined identities, of banned agents, and those that went to workloads through them, by the denial
/// set and the issuance log. A hold, since an operator may lift it.
/// </summary>
internal sealed class RevokedLeaves(IIssuanceLog log, IRegistrationStore registrations, string trustDomain, TimeSpan longestLife)
{
    private const int Page = 512;
    private const int MaxEntries = 10_000;

    /// <summary>By the issuing CAs that are asked for. The second value tells that more was found than a list holds; the newest are on it.</summary>
    public async Task<(IReadOnlyDictionary<string, List<RevokedCertificate>> Lists, bool IsCut)> FindAsync(
        DenialSet denials, IReadOnlySet<string> authorities, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var lists = authorities.ToDictionary(authority => authority, _ => new Dictionary<string, RevokedCertificate>(StringComparer.Ordinal), StringComparer.Ordinal);
        var cut = false;
        foreach (var denial in denials.Denials)
        {
            // Nothing was issued since, and nothing lives longer than its issuing CA.
            if (denial.Since + longestLife <= now)
            {
                continue;
            }

            if (denial.Kind is DenialKind.QuarantinedIdentity or DenialKind.BannedAgent)
            {
                cut |= await AddAsync(denial.Subject, null, denial.Since, lists, now, cancellationToken);
            }

            if (denial.Kind == DenialKind.BannedAgent)
            {
                var entries = await registrations.FindEntriesByParentAsync(trustDomain, denial.Subject, MaxEntries, cancellationToken);
                cut |= entries.Count >= MaxEntries;
                foreach (var identity in entries.Select(entry => entry.SpiffeId).Distinct(StringComparer.Ordinal))
                {
                    cut |= await AddAsync(identity, denial.Subject, denial.Since, lists, now, cancellationToken);
                }
            }
        }

        return (lists.ToDictionary(list => list.Key, list => list.Value.Values.ToList(), StringComparer.Ordinal), cut);
    }

    /// <summary>True when it was too much. <paramref name="through"/>: only what went to this caller.</summary>
    private async Task<bool> AddAsync(
        string identity, string? through, DateTimeOffset since, Dictionary<string, Dictionary<string, RevokedCertificate>> lists, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        long? before = null;
        for (var looked = 0; looked < CrlLimits.MaxRecords;)
        {
            var page = await log.FindByIdentityAsync(trustDomain, identity, before, Page, cancellationToken);
            foreach (var (_, record) in page)
            {
                if (record.Kind is not (IssuanceRecordKind.X509Svid or IssuanceRecordKind.GatewaySvid) || record.NotAfter <= now
                    || (through is not null && record.Caller != through) || !lists.TryGetValue(record.IssuerAuthorityId, out var list))
                {
                    continue;
                }

                if (list.Count >= CrlLimits.MaxLeaves)
                {
                    return true;
                }

                list.TryAdd(record.Serial, new RevokedCertificate(record.Serial, since, CrlReason.CertificateHold));
            }

            if (page.Count < Page)
            {
                return false;
            }

            looked += page.Count;
            before = page[^1].Position;
        }

        return true;
    }
}
