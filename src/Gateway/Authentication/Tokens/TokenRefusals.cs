using System.Collections.Frozen;
using MeshGrains.Grains;

namespace MeshGrains.Gateway;

/// <summary>The refusals of tokens, made once. Texts say what to do and nothing about other tokens, keys or callers.</summary>
internal static class TokenRefusals
{
    private static readonly FrozenDictionary<TokenFault, Refusal> All = new Dictionary<TokenFault, Refusal>
    {
        [TokenFault.Missing] = Make("token_missing", "No credentials came with the call; send a token as 'authorization: Bearer …' or connect with an SVID."),
        [TokenFault.TooLarge] = Make("token_too_large", "The token is larger than 16 KB."),
        [TokenFault.Malformed] = Make("token_malformed", "The token is not a well-formed signed JSON web token."),
        [TokenFault.Algorithm] = Make("token_alg_refused", "The token's signature algorithm is not accepted."),
        [TokenFault.CriticalExtension] = Make("token_crit_refused", "The token demands an extension that is not supported."),
        [TokenFault.KeyIdMissing] = Make("token_kid_missing", "The token does not name its key."),
        [TokenFault.WrongIssuer] = Make("token_wrong_issuer", "The token's issuer is not trusted here."),
        [TokenFault.WrongCluster] = Make("token_wrong_cluster", "The token's issuer does not serve the cluster that the call names."),
        [TokenFault.WrongAudience] = Make("token_wrong_audience", "The token is not made for this audience alone; project one with the audience configured here."),
        [TokenFault.Expired] = Make("token_expired", "The token has expired; present a fresh one."),
        [TokenFault.NoExpiry] = Make("token_no_expiry", "The token never expires; present a projected service-account token."),
        [TokenFault.NotYetValid] = Make("token_not_yet_valid", "The token is not valid yet; check the clocks."),
        [TokenFault.Unbound] = Make("token_unbound", "The token is not bound to a pod and its service account; present a projected service-account token."),
        [TokenFault.WrongSubject] = Make("token_wrong_subject", "The token's subject is not its service account."),
        [TokenFault.UnknownKey] = Make("token_unknown_key", "The token is signed with a key that its issuer does not publish."),
        [TokenFault.BadSignature] = Make("token_bad_signature", "The token's signature is wrong."),
        [TokenFault.ReviewRefused] = Make("token_review_refused", "The cluster does not recognise the token."),
    }.ToFrozenDictionary();

    public static Refusal For(TokenFault fault) => All[fault];

    public static Refusal KeysUnavailable(TimeSpan retryAfter) => new(
        RefusalCode.Unavailable, "token_keys_unavailable", "The keys that tokens are checked with cannot be had at the moment; try again.",
        RetryAfter: retryAfter);

    public static Refusal ReviewUnavailable(TimeSpan retryAfter, string detail) => new(
        RefusalCode.Unavailable, "token_review_unavailable", "The cluster that reviews tokens cannot be reached at the moment; try again.",
        detail, retryAfter);

    private static Refusal Make(string reason, string message) => new(RefusalCode.Unauthenticated, reason, message);
}
