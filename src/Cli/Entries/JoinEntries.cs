using System.Net;

namespace MeshGrains.Cli;

/// <summary>Entries for join tokens: without selectors, under the parent that the control plane keeps for them.</summary>
internal static class JoinEntries
{
    private const string JoinTokenPath = "/meshgrains/join-token";

    /// <summary>Creates the entry of an identity, or finds the one that is there.</summary>
    public static async Task<(EntryView Entry, bool IsNew)> EnsureAsync(ControlPlane administration, string spiffeId, CancellationToken cancellationToken)
    {
        if (await FindAsync(administration, spiffeId, cancellationToken) is { } there)
        {
            return (there, false);
        }

        try
        {
            var created = await administration.PostAsync(
                "/v1/entries", new EntryBody(spiffeId), ApiJson.Default.EntryBody, ApiJson.Default.EntryView, cancellationToken);
            return (created, true);
        }
        catch (CliException refused) when (refused.Problem?.Status == (int)HttpStatusCode.Conflict)
        {
            // Somebody was quicker.
            return await FindAsync(administration, spiffeId, cancellationToken) is { } theirs ? (theirs, false) : throw CliException.Refused(refused.Problem);
        }
    }

    /// <summary>The entry that join tokens for an identity admit to; null when there is none.</summary>
    public static async Task<EntryView?> FindAsync(ControlPlane administration, string spiffeId, CancellationToken cancellationToken)
    {
        await foreach (var entry in EntryPages.AllAsync(administration, cancellationToken))
        {
            if (entry.SpiffeId == spiffeId && entry.Selectors is null or [] && entry.ParentId.EndsWith(JoinTokenPath, StringComparison.Ordinal))
            {
                return entry;
            }
        }

        return null;
    }

    public static Task<JoinTokenView> CreateTokenAsync(ControlPlane administration, string entryId, TimeSpan? ttl, CancellationToken cancellationToken)
        => administration.PostAsync(
            "/v1/join-tokens", new JoinTokenBody(entryId, (int?)ttl?.TotalSeconds), ApiJson.Default.JoinTokenBody, ApiJson.Default.JoinTokenView,
            cancellationToken);
}
