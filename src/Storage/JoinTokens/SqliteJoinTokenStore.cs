using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Join tokens in <c>state.db</c>. A token is at version 1 until it is taken and at version 2 afterwards, kept until its end, so that a row
/// that is put back is seen to be old.
/// </summary>
internal sealed class SqliteJoinTokenStore(SqliteDatabase database, RecordSeal seal) : IJoinTokenStore
{
    private const long Fresh = 1;
    private const long Taken = 2;

    public async ValueTask AddAsync(JoinToken token, CancellationToken cancellationToken)
    {
        var key = Key(token.TrustDomain, token.TokenHash);
        var content = StoredJson.Write(token, StoredJsonContext.Default.JoinToken);
        var tag = seal.Tag(key, Fresh, content);
        await database.WriteAsync(
            session => Read(session, token.TrustDomain, token.TokenHash) is null
                ? session.Use("INSERT INTO join_token VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
                    .Bind(1, token.TrustDomain).Bind(2, token.TokenHash).Bind(3, Fresh).Bind(4, token.ExpiresAt.ToUnixTimeMilliseconds())
                    .Bind(5, content).Bind(6, tag).Execute()
                : throw new RecordConflictException(key, "a token of this value exists."),
            cancellationToken).ConfigureAwait(false);
    }

    /// <remarks>One process has the file: no other could try the same call, and the claim is not kept.</remarks>
    public async ValueTask<JoinToken?> TryConsumeAsync(
        string trustDomain, string tokenHash, string claim, DateTimeOffset now, CancellationToken cancellationToken)
    {
        StoredRecord? taken = null;
        var token = await database.WriteAsync(
            session =>
            {
                // The write lock is held from before the read to the commit: of two that come at once the second finds the token taken.
                if (Read(session, trustDomain, tokenHash) is not { } row)
                {
                    return null;
                }

                seal.Verify(row);
                var token = StoredJson.Read(row.Key, row.Content, StoredJsonContext.Default.JoinToken);
                if (token.TrustDomain != trustDomain || token.TokenHash != tokenHash)
                {
                    throw new RecordTamperedException(row.Key, "the columns of the row do not fit its content.");
                }

                if (row.Version != Fresh || token.ExpiresAt <= now)
                {
                    return null;
                }

                taken = row with { Version = Taken, Tag = seal.Tag(row.Key, Taken, row.Content) };
                session.Use("UPDATE join_token SET version = ?3, tag = ?4 WHERE trust_domain = ?1 AND hash = ?2")
                    .Bind(1, trustDomain).Bind(2, tokenHash).Bind(3, taken.Version).Bind(4, taken.Tag).Execute();
                return token;
            },
            cancellationToken).ConfigureAwait(false);
        if (taken is not null)
        {
            seal.Remember(taken);
        }

        return token;
    }

    public ValueTask<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken)
        => database.WriteAsync(
            session => session.Use("DELETE FROM join_token WHERE expires_at < ?1").Bind(1, before.ToUnixTimeMilliseconds()).Execute(),
            cancellationToken);

    private static string Key(string trustDomain, string tokenHash) => $"join-token/{trustDomain}/{tokenHash}";

    private static StoredRecord? Read(SqliteSession session, string trustDomain, string tokenHash)
    {
        using var row = session.Use("SELECT version, content, tag FROM join_token WHERE trust_domain = ?1 AND hash = ?2");
        return row.Bind(1, trustDomain).Bind(2, tokenHash).Step()
            ? new StoredRecord(Key(trustDomain, tokenHash), row.Int64(0), row.Blob(1).ToArray(), row.Blob(2).ToArray())
            : null;
    }
}
