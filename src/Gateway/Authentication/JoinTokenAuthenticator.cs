using System.Buffers;
using Microsoft.Extensions.Logging;
using MeshGrains.Grains;

namespace MeshGrains.Gateway;

/// <summary>
/// Redeems join tokens. Redeeming uses the token up, whatever becomes of the request afterwards: a token that could be tried by two calls
/// would admit two.
/// </summary>
internal sealed partial class JoinTokenAuthenticator(IJoinTokenService tokens, TimeProvider time, ILogger<JoinTokenAuthenticator> logger)
{
    public const string Prefix = "mgj_";

    private const int MaxLength = 128;

    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static readonly Refusal Refused = new(
        RefusalCode.Unauthenticated, "join_token_refused", "The join token is unknown, used or expired; create a new one ('meshctl token create').");

    public static bool Recognises(string token) => token.StartsWith(Prefix, StringComparison.Ordinal);

    public async ValueTask<AuthenticationResult> AuthenticateAsync(string token, string callId, CancellationToken cancellationToken)
    {
        if (token.Length > MaxLength || token.AsSpan().ContainsAnyExcept(Alphabet))
        {
            return Refused;
        }

        JoinToken? redeemed;
        try
        {
            redeemed = await tokens.RedeemAsync(token, callId, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (Tampered(e) is { } tampered)
            {
                LogTampered(tampered);
                return new Refusal(
                    RefusalCode.Internal, "record_tampered", "A stored record failed its authentication; nothing is issued by it until an operator has looked.", tampered);
            }

            LogUnavailable(e.GetType().Name, e.Message);
            return new Refusal(
                RefusalCode.Unavailable, "join_token_unavailable", "Join tokens cannot be redeemed at the moment; try again.",
                e.Message, TimeSpan.FromSeconds(1));
        }

        if (redeemed is null)
        {
            return Refused;
        }

        return new AuthenticatedCaller
        {
            Kind = CallerKind.JoinToken,
            Name = $"join:{redeemed.TokenHash.AsSpan(0, Math.Min(16, redeemed.TokenHash.Length))}",
            EntryId = redeemed.EntryId,
            AttestedAt = time.GetUtcNow(),
        };
    }

    /// <summary>A grain host wraps what a store threw, and a grain tells of it by its reason.</summary>
    private static string? Tampered(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is RecordTamperedException or GrainOperationException { Reason: "record_tampered" })
            {
                return failure.Message;
            }
        }

        return null;
    }

    [LoggerMessage(4122, LogLevel.Critical, "A join token's record failed its authentication and is refused: {Detail}")]
    private partial void LogTampered(string detail);

    [LoggerMessage(4121, LogLevel.Warning, "A join token could not be redeemed: {Kind}: {Reason}")]
    private partial void LogUnavailable(string kind, string reason);
}
