using System.Globalization;
using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.OpenId;

/// <summary>
/// OpenID discovery and the JWK Set of the trust domain's JWT authorities, for anyone, where <c>jwt.issuer</c> is set. Below the issuer's own path, as a
/// relying party asks for them.
/// </summary>
internal sealed class OpenIdEndpoints(IClientTrust trust, IOptions<JwtOptions> options)
{
    public const string DiscoveryPath = "/.well-known/openid-configuration";
    public const string KeysPath = "/keys";

    private static readonly TimeSpan DefaultRefreshHint = TimeSpan.FromMinutes(5);

    private static readonly Refusal NotYet = new(
        RefusalCode.Unavailable, "bundle_unavailable", "This silo has no trust bundle yet; /readyz tells why.", null, TimeSpan.FromSeconds(1));

    public void Map(IEndpointRouteBuilder endpoints)
    {
        if (options.Value.Issuer is not { Length: > 0 } issuer)
        {
            return;
        }

        var below = new Uri(issuer).AbsolutePath.TrimEnd('/');
        var open = Access.Open(ListenerKinds.Mesh | ListenerKinds.Relay);
        endpoints.MapMethods(below + DiscoveryPath, ["GET"], http => AnswerAsync(
            http, "application/json", bundle => OpenIdDocument.Write(issuer, bundle.JwtAuthorities))).WithMetadata(open);
        endpoints.MapMethods(below + KeysPath, ["GET"], http => AnswerAsync(
            http, "application/jwk-set+json", bundle => JwtKeySet.WriteOpenId(bundle.JwtAuthorities))).WithMetadata(open);
    }

    private Task AnswerAsync(HttpContext http, string contentType, Func<SpiffeBundle, byte[]> write)
    {
        if (trust.Bundle is not { } bundle)
        {
            return ProblemWriter.WriteAsync(http, NotYet);
        }

        var number = (bundle.Sequence ?? 0).ToString(CultureInfo.InvariantCulture);
        var seconds = (long)(bundle.RefreshHint ?? DefaultRefreshHint).TotalSeconds;
        return ConditionalAnswer.WriteAsync(
            http, contentType, $"\"{bundle.TrustDomain.Name}-{number}\"", $"public, max-age={seconds.ToString(CultureInfo.InvariantCulture)}", write(bundle));
    }
}
