using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Identity;

/// <summary>
/// A JWT-SVID as read. Reading verifies nothing: only <see cref="JwtSvidValidator"/> says whether it may be believed.
/// </summary>
public sealed class JwtSvid
{
    /// <summary>The longest token that is read or written, in characters.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>The most audiences in one token.</summary>
    public const int MaxAudiences = 32;

    /// <summary>The longest audience that is asked for, in characters.</summary>
    public const int MaxAudienceLength = 2048;

    internal JwtSvid(
        string token, int signingInputLength, byte[] signature, JwtAlgorithm algorithm, string keyId, SpiffeId subject, IReadOnlyList<string> audience,
        DateTimeOffset expiresAt, DateTimeOffset? issuedAt, DateTimeOffset? notBefore, byte[] claimsJson)
    {
        Token = token;
        SigningInputLength = signingInputLength;
        Signature = signature;
        (Algorithm, KeyId, Subject, Audience) = (algorithm, keyId, subject, audience);
        (ExpiresAt, IssuedAt, NotBefore) = (expiresAt, issuedAt, notBefore);
        ClaimsJson = claimsJson;
    }

    public string Token { get; }

    public JwtAlgorithm Algorithm { get; }

    public string KeyId { get; }

    public SpiffeId Subject { get; }

    /// <summary>Whether the token had one text or a list; may be empty.</summary>
    public IReadOnlyList<string> Audience { get; }

    public DateTimeOffset ExpiresAt { get; }

    public DateTimeOffset? IssuedAt { get; }

    public DateTimeOffset? NotBefore { get; }

    /// <summary>All claims, UTF-8 JSON: an object without doubled members.</summary>
    public ReadOnlyMemory<byte> ClaimsJson { get; }

    internal int SigningInputLength { get; }

    internal byte[] Signature { get; }

    /// <param name="token">A compact JWS.</param>
    /// <param name="svid">The result, null on failure.</param>
    /// <param name="refusal">Why not; meaningless on success.</param>
    public static bool TryRead(string? token, [NotNullWhen(true)] out JwtSvid? svid, out JwtSvidRefusal refusal)
    {
        svid = JwtSvidReader.Read(token, out refusal);
        return svid is not null;
    }

    /// <summary>Never the token: whoever has it is the workload.</summary>
    public override string ToString() => $"{Subject} for {string.Join(", ", Audience)} until {ExpiresAt:O}";
}
