using System.Buffers;
using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Gateway;

/// <summary>
/// Everything about a service-account token that can be judged without a key, in a few microseconds, so that no signature is checked
/// and no key fetched for a token that would be refused anyway.
/// </summary>
internal sealed class TokenInspector(KubernetesSources sources, TimeProvider time)
{
    /// <summary>Characters of a compact JWS.</summary>
    public const int MaxLength = 16 * 1024;

    private const int MaxHeaderLength = 2048;

    public TokenFault? Inspect(string token, string? clusterId, out InspectedToken? inspected)
    {
        inspected = null;
        if (token.Length > MaxLength)
        {
            return TokenFault.TooLarge;
        }

        var text = token.AsSpan();
        var first = text.IndexOf('.');
        var last = text.LastIndexOf('.');
        if (first <= 0 || last <= first + 1 || last == text.Length - 1 || first > MaxHeaderLength || text[(first + 1)..last].Contains('.'))
        {
            return TokenFault.Malformed;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(StrictBase64Url.MaxLength(last) + 8);
        try
        {
            if (!StrictBase64Url.TryDecode(text[..first], buffer, out var headerLength)
                || !StrictBase64Url.TryDecode(text[(first + 1)..last], buffer.AsSpan(headerLength), out var payloadLength))
            {
                return TokenFault.Malformed;
            }

            if (JwsHeader.TryRead(buffer.AsSpan(0, headerLength), out var header) is { } fault)
            {
                return fault;
            }

            return ServiceAccountClaimsReader.TryRead(buffer.AsSpan(headerLength, payloadLength), out var claims)
                ? Judge(token, header, claims, clusterId, out inspected)
                : TokenFault.Malformed;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private TokenFault? Judge(string token, JwsHeader header, ServiceAccountClaims claims, string? clusterId, out InspectedToken? inspected)
    {
        inspected = null;
        var source = sources.Find(claims.Issuer, clusterId, out var fault);
        if (source is null)
        {
            return fault;
        }

        if (!source.Allows(header.Algorithm))
        {
            return TokenFault.Algorithm;
        }

        if (claims.AudienceCount != 1 || !claims.Audience.SequenceEqual(source.AudienceUtf8))
        {
            return TokenFault.WrongAudience;
        }

        var now = time.GetUtcNow().ToUnixTimeSeconds();
        if (claims.Expires is not { } expires)
        {
            return TokenFault.NoExpiry;
        }

        if (now >= expires + source.SkewSeconds)
        {
            return TokenFault.Expired;
        }

        if (claims.NotBefore > now + source.SkewSeconds || claims.IssuedAt > now + source.SkewSeconds)
        {
            return TokenFault.NotYetValid;
        }

        return JudgeBinding(claims) is { } unbound ? unbound : Accept(token, source, header, claims, out inspected);
    }

    private static TokenFault? JudgeBinding(ServiceAccountClaims claims)
    {
        if (claims.Namespace.IsEmpty || claims.ServiceAccount.IsEmpty || claims.ServiceAccountUid.IsEmpty || claims.PodUid.IsEmpty)
        {
            return TokenFault.Unbound;
        }

        if (!KubernetesNames.IsLabel(claims.Namespace) || !KubernetesNames.IsSubdomain(claims.ServiceAccount)
            || !KubernetesNames.IsUid(claims.ServiceAccountUid) || !KubernetesNames.IsUid(claims.PodUid)
            || (!claims.Pod.IsEmpty && !KubernetesNames.IsSubdomain(claims.Pod))
            || (!claims.Node.IsEmpty && !KubernetesNames.IsSubdomain(claims.Node))
            || (!claims.NodeUid.IsEmpty && !KubernetesNames.IsUid(claims.NodeUid)))
        {
            return TokenFault.Malformed;
        }

        return ServiceAccountSubject.Matches(claims.Subject, claims.Namespace, claims.ServiceAccount) ? null : TokenFault.WrongSubject;
    }

    private static TokenFault? Accept(
        string token, KubernetesSource source, JwsHeader header, ServiceAccountClaims claims, out InspectedToken inspected)
    {
        inspected = new InspectedToken(
            token, source, header.Algorithm, Encoding.ASCII.GetString(header.KeyId),
            new PodIdentity(
                Encoding.ASCII.GetString(claims.Namespace),
                Encoding.ASCII.GetString(claims.ServiceAccount),
                Encoding.ASCII.GetString(claims.ServiceAccountUid),
                claims.Pod.IsEmpty ? null : Encoding.ASCII.GetString(claims.Pod),
                Encoding.ASCII.GetString(claims.PodUid),
                claims.Node.IsEmpty ? null : Encoding.ASCII.GetString(claims.Node),
                claims.NodeUid.IsEmpty ? null : Encoding.ASCII.GetString(claims.NodeUid)));
        return null;
    }
}
