using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Values are <c>mgj_</c> and 43 base64url characters; the store sees only their SHA-256.</summary>
public sealed class JoinTokenService(
    IJoinTokenStore store, IRegistrationStore registrations, IOptions<TrustDomainOptions> trustDomain, IRandomSource random, TimeProvider time)
    : IJoinTokenService
{
    /// <summary>What every join token begins with; tells it from other bearer tokens.</summary>
    public const string Prefix = "mgj_";

    /// <summary>Longest life of a join token.</summary>
    public static readonly TimeSpan MaxTtl = TimeSpan.FromDays(7);

    private const int ValueLength = 47;

    public async ValueTask<(string Value, JoinToken Token)> CreateAsync(string entryId, TimeSpan ttl, string createdBy, CancellationToken cancellationToken)
    {
        if (ttl < TimeSpan.FromSeconds(1) || ttl > MaxTtl)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_ttl", $"ttl is {ttl}; give a time from 1s to {MaxTtl.TotalDays:0} days.");
        }

        var name = trustDomain.Value.Name;
        var entry = await registrations.GetEntryAsync(name, entryId, cancellationToken)
            ?? throw new GrainOperationException(RefusalCode.NotFound, "no_such_entry", $"There is no entry '{entryId}'.");
        if (entry.ParentId != EntryRules.JoinTokenParent(name))
        {
            throw new GrainOperationException(
                RefusalCode.InvalidArgument, "not_for_join_tokens",
                $"Entry '{entryId}' has the parent {entry.ParentId}; join tokens serve entries under {EntryRules.JoinTokenParent(name)}.");
        }

        var bytes = new byte[32];
        random.Fill(bytes);
        var value = Prefix + Base64Url.EncodeToString(bytes);
        var now = time.GetUtcNow();
        var token = new JoinToken(HashOf(value), name, entryId, now, now + ttl, createdBy);
        await store.AddAsync(token, cancellationToken);
        await store.PruneAsync(now - TimeSpan.FromDays(1), cancellationToken);
        return (value, token);
    }

    public ValueTask<JoinToken?> RedeemAsync(string value, string claim, CancellationToken cancellationToken) =>
        value is { Length: ValueLength } && value.StartsWith(Prefix, StringComparison.Ordinal)
            ? store.TryConsumeAsync(trustDomain.Value.Name, HashOf(value), claim, time.GetUtcNow(), cancellationToken)
            : ValueTask.FromResult<JoinToken?>(null);

    private static string HashOf(string value) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(value)));
}
