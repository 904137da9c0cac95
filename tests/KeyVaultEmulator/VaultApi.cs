using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.KeyVaultEmulator;

/// <summary>Key Vault's keys API: authentication first, then the api-version, then the buckets, then the operation.</summary>
internal sealed class VaultApi(
    EmulatedVaults vaults, TokenAuthority authority, Throttle throttle, EmulatorFaults faults, EmulatorCalls calls, TimeProvider time)
{
    private const int PageSize = 25;
    private const int MaxBodyBytes = 64 * 1024;

    private static readonly string[] ApiVersions = ["7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-06-01", "2025-07-01"];

    public async Task HandleAsync(HttpContext context)
    {
        var bearer = context.Request.Headers.Authorization.ToString();
        try
        {
            if (faults.Latency > TimeSpan.Zero)
            {
                await Task.Delay(faults.Latency, time, context.RequestAborted);
            }

            if (bearer.Length == 0 && !faults.AskForNoToken)
            {
                calls.Add("challenge");
                throw Unauthorized(context, "AKV10000: Request is missing a Bearer or PoP token.");
            }

            if (bearer.Length > 0 && authority.Check(bearer["Bearer ".Length..]) is { } problem)
            {
                calls.Add("refused");
                throw Unauthorized(context, problem);
            }

            var target = VaultTarget.Parse(context.Request.Method, context.Request.Path.Value!);
            calls.Add(target.Operation);
            var lose = await MisbehaveAsync(context, target.Operation);
            var version = context.Request.Query["api-version"].ToString();
            if (!ApiVersions.Contains(version))
            {
                throw EmulatedVaults.Bad(version.Length == 0 ? "The request is missing its api-version." : $"The api-version {version} is not supported.");
            }

            var reply = await AnswerAsync(context, target);
            if (lose)
            {
                context.Abort();
                return;
            }

            context.Response.Headers.CacheControl = "no-cache";
            await context.Response.WriteAsJsonAsync(reply, context.RequestAborted);
        }
        catch (VaultRefusal refusal)
        {
            await RefuseAsync(context, refusal, bearer);
        }
        catch (JsonException)
        {
            await RefuseAsync(context, EmulatedVaults.Bad("The body is no JSON of the expected shape."), bearer);
        }
    }

    private VaultRefusal Unauthorized(HttpContext context, string message)
    {
        var resource = faults.ChallengeResource ?? TokenAuthority.Audience;
        context.Response.Headers.WWWAuthenticate = $"Bearer authorization=\"{authority.Authorization}\", resource=\"{resource}\"";
        return new VaultRefusal(401, "Unauthorized", message);
    }

    private async Task<bool> MisbehaveAsync(HttpContext context, string operation)
    {
        switch (faults.Take(operation, tokenAuthority: false))
        {
            case (EmulatorFault.Throttle, var seconds):
                throw new VaultRefusal(429, "Throttled", "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached")
                {
                    RetryAfterSeconds = seconds,
                };
            case (EmulatorFault.ServerError, _):
                throw new VaultRefusal(500, "InternalServerError", "An internal error occurred.");
            case (EmulatorFault.RefuseToken, _):
                throw Unauthorized(context, "AKV10001: The token is no longer accepted.");
            case (EmulatorFault.Drop, _):
                context.Abort();
                throw new OperationCanceledException();
            case (EmulatorFault.Hang, _):
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
                return false;
            case (EmulatorFault.LoseReply, _):
                return true;
            default:
                return false;
        }
    }

    private async Task<object> AnswerAsync(HttpContext context, VaultTarget target)
    {
        var vault = context.Request.Host.Host;
        string KeyIdOf(string name, string version) => $"https://{context.Request.Host.Value}/keys/{name}/{version}";
        switch (target.Operation)
        {
            case "create":
                EmulatedVaults.RequireName(target.Name);
                var create = await BodyAsync<CreateRequest>(context);
                throttle.Charge(vault, create: true, Throttle.WeightOf(create.KeyType ?? "", 0));
                return Bundle(vaults.Create(vault, target.Name, create), KeyIdOf);
            case "get":
                return Bundle(Charged(vault, target), KeyIdOf);
            case "update":
                _ = Charged(vault, target);
                return Bundle(vaults.Update(vault, target.Name, target.Version, (await BodyAsync<UpdateRequest>(context)).Attributes?.Enabled), KeyIdOf);
            case "list":
                throttle.Charge(vault, create: false, 1);
                return Page(context, vaults.Versions(vault, target.Name), target, KeyIdOf);
            default:
                var key = Charged(vault, target);
                return vaults.Operate(key, target.Operation, await BodyAsync<OperationRequest>(context), version => KeyIdOf(key.Name, version));
        }
    }

    private StoredKey Charged(string vault, VaultTarget target)
    {
        EmulatedVaults.RequireName(target.Name);
        var key = vaults.Find(vault, target.Name, target.Version);
        throttle.Charge(vault, create: false, Throttle.WeightOf(key.KeyType, EmulatedVaults.RsaBits(key)));
        return key;
    }

    private static object Bundle(StoredKey key, Func<string, string, string> keyIdOf) => new
    {
        key = EmulatedVaults.PublicKey(key, keyIdOf(key.Name, key.Version)),
        attributes = Attributes(key),
        tags = key.Tags,
    };

    private static object Attributes(StoredKey key) => new
    {
        enabled = key.Enabled,
        created = key.Created,
        updated = key.Created,
        recoveryLevel = "Recoverable+Purgeable",
        recoverableDays = 90,
    };

    private static object Page(HttpContext context, IReadOnlyList<StoredKey> versions, VaultTarget target, Func<string, string, string> keyIdOf)
    {
        var query = context.Request.Query;
        var size = PageSize;
        if (query.TryGetValue("maxresults", out var asked) && (!int.TryParse(asked, out size) || size is < 1 or > PageSize))
        {
            throw EmulatedVaults.Bad("maxresults has to be 1 to 25.");
        }

        _ = int.TryParse(query["$skiptoken"], out var skip);
        var page = versions.Skip(skip).Take(size).Select(k => new { kid = keyIdOf(k.Name, k.Version), attributes = Attributes(k), tags = k.Tags });
        var next = skip + size < versions.Count
            ? $"https://{context.Request.Host.Value}/keys/{target.Name}/versions?api-version={query["api-version"]}&maxresults={size}&$skiptoken={skip + size}"
            : null;
        return new { value = page.ToArray(), nextLink = next };
    }

    private static async Task<T> BodyAsync<T>(HttpContext context)
        where T : class
    {
        if (context.Request.ContentLength > MaxBodyBytes)
        {
            throw EmulatedVaults.Bad("The body is too large.");
        }

        if (!context.Request.HasJsonContentType())
        {
            throw new VaultRefusal(415, "UnsupportedMediaType", "The body has to be application/json.");
        }

        return await context.Request.ReadFromJsonAsync<T>(context.RequestAborted) ?? throw EmulatedVaults.Bad("The body is empty.");
    }

    private async Task RefuseAsync(HttpContext context, VaultRefusal refusal, string bearer)
    {
        var response = context.Response;
        if (refusal.Status == 429)
        {
            calls.Add("throttled");
        }

        response.StatusCode = refusal.Status;
        response.Headers.CacheControl = "no-cache";
        response.Headers["x-ms-keyvault-region"] = "westeurope";
        response.Headers["x-ms-client-request-id"] = context.Request.Headers["x-ms-client-request-id"];
        response.Headers["x-ms-request-id"] = Guid.NewGuid().ToString();
        response.Headers["x-ms-keyvault-service-version"] = "1.9.0.0";
        response.Headers["x-ms-keyvault-network-info"] = "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;";
        response.Headers.StrictTransportSecurity = "max-age=31536000;includeSubDomains";
        if (refusal.RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        var message = refusal.Message + (faults.QuoteSecrets ? $" You sent '{bearer}'." : "");
        object error = refusal.InnerCode is null
            ? new { code = refusal.Code, message }
            : new { code = refusal.Code, message, innererror = new { code = refusal.InnerCode } };
        await response.WriteAsJsonAsync(new { error });
    }
}
