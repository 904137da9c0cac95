using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.KeyVaultEmulator;

/// <summary>
/// The token authority's part that service principals use: OAuth 2 client credentials with a secret or a federated assertion, and the
/// metadata documents that Microsoft's libraries may ask for.
/// </summary>
internal sealed class TokenAuthority : IDisposable
{
    public const string Host = "login.vault.localhost";
    public const string Audience = "https://vault.localhost";
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    private const string FederationAudience = "api://AzureADTokenExchange";
    private const string FederationSubject = "spiffe://mesh.local/meshgrains/silo";
    private const string FederationIssuer = "https://issuer.vault.localhost";

    private readonly KeyVaultEmulatorOptions _options;
    private readonly EmulatorState _state;
    private readonly EmulatorFaults _faults;
    private readonly ECDsa _signing = ECDsa.Create();
    private readonly ECDsa _federation = ECDsa.Create();
    private readonly Lock _gate = new();

    public TokenAuthority(KeyVaultEmulatorOptions options, EmulatorState state, EmulatorFaults faults)
    {
        _options = options;
        _state = state;
        _faults = faults;
        _signing.ImportPkcs8PrivateKey(state.TokenSigningKey, out _);
        _federation.ImportPkcs8PrivateKey(state.FederationKey, out _);
    }

    public string Issuer => $"https://{Host}:{_state.Port}/{_state.TenantId}/v2.0";

    public string Authorization => $"https://{Host}:{_state.Port}/{_state.TenantId}";

    /// <summary>A workload's own token, as a federated credential: what AZURE_FEDERATED_TOKEN_FILE holds.</summary>
    public string FederatedToken(TimeSpan lifetime) =>
        Sign(_federation, new { iss = FederationIssuer, sub = FederationSubject, aud = FederationAudience, iat = Now(), nbf = Now() - 5, exp = Now() + (long)lifetime.TotalSeconds });

    public string AccessToken(string audience, TimeSpan lifetime) => Sign(_signing, new
    {
        iss = Issuer,
        aud = audience,
        tid = _state.TenantId,
        appid = _state.ClientId,
        sub = _state.ClientId,
        jti = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)),
        iat = Now(),
        nbf = Now() - 5,
        exp = Now() + (long)lifetime.TotalSeconds,
    });

    /// <summary>Null when the token opens the vault; else the refusal's message.</summary>
    public string? Check(string token)
    {
        if (Verify(_signing, token) is not { } claims)
        {
            return "AKV10000: Request is missing a Bearer or PoP token, or the token's signature is invalid.";
        }

        if (claims.GetProperty("aud").GetString() != Audience)
        {
            return "AKV10022: Invalid audience. Expected " + Audience + ".";
        }

        if (claims.GetProperty("iss").GetString() != Issuer)
        {
            return "AKV10032: Invalid issuer.";
        }

        return claims.GetProperty("exp").GetInt64() <= Now() ? "AKV10034: Token is expired." : null;
    }

    public async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.TrimEnd('/');
        if (path == $"/{_state.TenantId}/oauth2/v2.0/token" && HttpMethods.IsPost(context.Request.Method))
        {
            await IssueAsync(context);
        }
        else if (path.EndsWith("/.well-known/openid-configuration", StringComparison.Ordinal))
        {
            await context.Response.WriteAsJsonAsync(new
            {
                issuer = Issuer,
                authorization_endpoint = Authorization + "/oauth2/v2.0/authorize",
                token_endpoint = Authorization + "/oauth2/v2.0/token",
                jwks_uri = Authorization + "/discovery/v2.0/keys",
            });
        }
        else if (path == "/common/discovery/instance")
        {
            await context.Response.WriteAsJsonAsync(new
            {
                tenant_discovery_endpoint = Authorization + "/v2.0/.well-known/openid-configuration",
                metadata = new[] { new { preferred_network = Host, preferred_cache = Host, aliases = new[] { Host } } },
            });
        }
        else
        {
            await RefuseAsync(context, 404, "invalid_request", "AADSTS90002: Tenant or path not found.", "");
        }
    }

    public void Dispose()
    {
        _signing.Dispose();
        _federation.Dispose();
    }

    private async Task IssueAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType)
        {
            await RefuseAsync(context, 400, "invalid_request", "AADSTS900144: The request body must be a form.", "");
            return;
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var secret = form["client_secret"].ToString();
        var assertion = form["client_assertion"].ToString();
        var quoted = secret + assertion;
        if (form["grant_type"] != "client_credentials")
        {
            await RefuseAsync(context, 400, "unsupported_grant_type", "AADSTS70003: The grant type is not supported.", quoted);
        }
        else if (form["client_id"] != _state.ClientId)
        {
            await RefuseAsync(context, 400, "unauthorized_client", "AADSTS700016: Application was not found in the directory.", quoted);
        }
        else if (secret.Length > 0 && !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(_state.ClientSecret)))
        {
            await RefuseAsync(context, 401, "invalid_client", "AADSTS7000215: Invalid client secret provided.", quoted);
        }
        else if (secret.Length == 0 && (form["client_assertion_type"] != AssertionType || !IsFederated(assertion)))
        {
            await RefuseAsync(context, 401, "invalid_client", "AADSTS700024: Client assertion is not within its valid time range, or not trusted.", quoted);
        }
        else if (form["scope"].ToString().Split(' ').Where(s => s.EndsWith("/.default", StringComparison.Ordinal)).ToArray() is not [var scope])
        {
            await RefuseAsync(context, 400, "invalid_scope", "AADSTS70011: The provided value for scope is not valid.", quoted);
        }
        else
        {
            await context.Response.WriteAsJsonAsync(new
            {
                token_type = "Bearer",
                expires_in = (long)_options.TokenLifetime.TotalSeconds,
                ext_expires_in = (long)_options.TokenLifetime.TotalSeconds,
                access_token = AccessToken(scope[..^"/.default".Length], _options.TokenLifetime),
            });
        }
    }

    private bool IsFederated(string assertion) =>
        Verify(_federation, assertion) is { } claims
        && claims.GetProperty("aud").GetString() == FederationAudience
        && claims.GetProperty("sub").GetString() == FederationSubject
        && claims.GetProperty("iss").GetString() == FederationIssuer
        && claims.GetProperty("exp").GetInt64() > Now();

    private Task RefuseAsync(HttpContext context, int status, string error, string description, string quoted)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new
        {
            error,
            error_description = description + (_faults.QuoteSecrets ? $" You sent '{quoted}'." : ""),
            error_codes = Array.Empty<int>(),
        });
    }

    private long Now() => _options.Time.GetUtcNow().ToUnixTimeSeconds();

    private string Sign(ECDsa key, object claims)
    {
        var header = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new { alg = "ES256", typ = "JWT" }));
        var text = $"{header}.{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        lock (_gate)
        {
            return $"{text}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
        }
    }

    private JsonElement? Verify(ECDsa key, string token)
    {
        try
        {
            var parts = token.Split('.');
            if (parts.Length != 3)
            {
                return null;
            }

            lock (_gate)
            {
                if (!key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256))
                {
                    return null;
                }
            }

            return JsonSerializer.Deserialize<JsonElement>(Base64Url.DecodeFromChars(parts[1]));
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }
}
