using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Join tokens on blobs. A token lies, authenticated, in the container of state; it is taken by making a mark in the container of the log, which is
/// one atomic step, so that state put back from a backup revives no token. The mark holds the claim it was made under: a lost reply, or a silo that
/// died, is found to have been the same call. Marks stay for a day after the token's end; nothing can be taken after its end, so that no mark is missed. Where this identity may not
/// delete in the log's container they stay until a rule of the account's drops them.
/// </summary>
internal sealed class BlobJoinTokenStore(BlobRecords records, BlobIndex index, BlobAccess access) : IJoinTokenStore
{
    private const string Ends = "tokens/ends/";
    private const string Marks = "join-tokens/consumed/";

    /// <summary>Most tokens, and most marks, that one call drops; the next call goes on.</summary>
    private const int PruneBatch = 500;
    private const int MaxParallel = 8;

    private static readonly TimeSpan MarkMargin = TimeSpan.FromDays(1);

    public async ValueTask AddAsync(JoinToken token, CancellationToken cancellationToken)
    {
        var key = Key(token.TrustDomain, token.TokenHash);
        var content = StoredJson.Write(token, StoredJsonContext.Default.JoinToken);

        // What finds the token at its end comes first: one that nobody would drop is worse than a name without a token.
        await index.PutAsync($"{Ends}{Time(token.ExpiresAt)}/{token.TrustDomain}/{token.TokenHash}", null, null, cancellationToken).ConfigureAwait(false);
        if (await records.TryWriteAsync(Blob(token.TrustDomain, token.TokenHash), key, null, 1, content, cancellationToken).ConfigureAwait(false) is null)
        {
            throw new RecordConflictException(key, "a token of this value exists, or the reply to this write was lost; make another.");
        }
    }

    public async ValueTask<JoinToken?> TryConsumeAsync(
        string trustDomain, string tokenHash, string claim, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(claim);

        // Not ReadAsync: a token that is gone was pruned.
        var key = Key(trustDomain, tokenHash);
        if (await records.DownloadAsync(Blob(trustDomain, tokenHash), key, cancellationToken).ConfigureAwait(false) is not { } stored)
        {
            return null;
        }

        records.Verify(stored);
        var token = StoredJson.Read(key, stored.Record.Content, StoredJsonContext.Default.JoinToken);
        if (token.TrustDomain != trustDomain || token.TokenHash != tokenHash)
        {
            throw new RecordTamperedException(key, "the name of the blob does not fit its content.");
        }

        return token.ExpiresAt > now && await MarkAsync(token, claim, cancellationToken).ConfigureAwait(false) ? token : null;
    }

    public async ValueTask<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var ended = (await index.ListAsync(Ends, null, PruneBatch, cancellationToken).ConfigureAwait(false)).Blobs
            .TakeWhile(end => string.CompareOrdinal(end.Name, Ends + Time(before)) < 0).ToArray();
        var dropped = 0;
        await Parallel.ForEachAsync(ended, Bounded(cancellationToken), async (end, cancel) =>
        {
            var name = end.Name[Ends.Length..].Split('/');
            if (name.Length == 3 && await records.RemoveAsync(Blob(name[1], name[2]), cancel).ConfigureAwait(false))
            {
                Interlocked.Increment(ref dropped);
            }

            await index.RemoveAsync(end.Name, end.ETag, cancel).ConfigureAwait(false);
        }).ConfigureAwait(false);
        await PruneMarksAsync(before - MarkMargin, cancellationToken).ConfigureAwait(false);
        return dropped;
    }

    private static string Key(string trustDomain, string tokenHash) => $"join-token/{trustDomain}/{tokenHash}";

    private static string Blob(string trustDomain, string tokenHash) => $"tokens/by-hash/{trustDomain}/{tokenHash}";

    /// <summary>Milliseconds since 1970, in digits enough to be in order as text.</summary>
    private static string Time(DateTimeOffset time) => Math.Max(0, time.ToUnixTimeMilliseconds()).ToString("D15", CultureInfo.InvariantCulture);

    private static ParallelOptions Bounded(CancellationToken cancellationToken)
        => new() { MaxDegreeOfParallelism = MaxParallel, CancellationToken = cancellationToken };

    /// <returns>False when another's mark was there: the token is used up.</returns>
    private async ValueTask<bool> MarkAsync(JoinToken token, string claim, CancellationToken cancellationToken)
    {
        var container = await access.LogAsync(cancellationToken).ConfigureAwait(false);
        var mark = container.GetBlobClient($"{Marks}{Time(token.ExpiresAt)}/{token.TrustDomain}/{token.TokenHash}");
        var own = SHA256.HashData(Encoding.UTF8.GetBytes(claim));
        try
        {
            try
            {
                await mark.UploadAsync(
                    BinaryData.FromBytes(own),
                    new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } }, cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (RequestFailedException failure) when (BlobFailures.IsConflict(failure))
            {
                var there = await mark.DownloadContentAsync(cancellationToken).ConfigureAwait(false);
                return there.Value.Content.ToMemory().Span.SequenceEqual(own);
            }
        }
        catch (Exception failure) when (BlobFailures.Explain(failure, container, cancellationToken) is { } explained)
        {
            throw explained;
        }
    }

    private async ValueTask PruneMarksAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var container = await access.LogAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await foreach (var page in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, Marks, cancellationToken).AsPages(null, PruneBatch).ConfigureAwait(false))
            {
                var ended = page.Values.TakeWhile(mark => string.CompareOrdinal(mark.Name, Marks + Time(before)) < 0);
                await Parallel.ForEachAsync(ended, Bounded(cancellationToken), async (mark, cancel)
                    => await container.GetBlobClient(mark.Name).DeleteIfExistsAsync(cancellationToken: cancel).ConfigureAwait(false)).ConfigureAwait(false);
                return;
            }
        }
        catch (RequestFailedException failure) when (failure.ErrorCode is "AuthorizationPermissionMismatch")
        {
            // A role of the log's that deletes nothing is a good one; a mark too many does no harm.
        }
        catch (Exception failure) when (BlobFailures.Explain(failure, container, cancellationToken) is { } explained)
        {
            throw explained;
        }
    }
}
