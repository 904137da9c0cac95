using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using MeshGrains.Keys.Azure;
using MeshGrains.KeyVaultEmulator;
using MeshGrains.Testing;

namespace MeshGrains.Keys.Tests.Azure;

/// <summary>The emulator has to be as strict as the service, or the tests that run against it prove nothing.</summary>
public sealed class KeyVaultEmulatorTests : IAsyncLifetime, IDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private KeyVaultEmulatorHost _emulator = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _emulator = await KeyVaultEmulatorHost.StartAsync(new KeyVaultEmulatorOptions { Time = _time, CreateLimit = 3, TransactionLimit = 20, ThrottleNamesRetryAfter = true });
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(_emulator.CaPem);
        _client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = static (context, ct) => LoopbackNames.ConnectAsync(context.DnsEndPoint, ct),
            SslOptions = { CertificateChainPolicy = policy },
            UseProxy = false,
        });
    }

    public async Task DisposeAsync() => await _emulator.DisposeAsync();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_call_without_a_token_gets_the_challenge_in_its_exact_form()
    {
        var reply = await SendAsync(HttpMethod.Get, "keys/root?api-version=7.4", token: null);
        Assert.Equal(HttpStatusCode.Unauthorized, reply.Status);
        Assert.Equal(
            $"Bearer authorization=\"https://login.vault.localhost:{_emulator.Port}/{_emulator.TenantId}\", resource=\"https://vault.localhost\"",
            Assert.Single(reply.Headers.GetValues("WWW-Authenticate")));
    }

    [Theory]
    [InlineData("https://vault.localhost/")]
    [InlineData("https://mesh.vault.localhost")]
    [InlineData("https://vault.azure.net")]
    public async Task A_token_for_another_audience_is_refused_with_AKV10022(string audience)
    {
        var reply = await SendAsync(HttpMethod.Get, "keys/root?api-version=7.4", token: _emulator.AccessToken(audience));
        Assert.Equal((HttpStatusCode.Unauthorized, "Unauthorized"), (reply.Status, reply.Code));
        Assert.StartsWith("AKV10022", reply.Error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_expired_or_was_altered_is_refused()
    {
        var token = _emulator.AccessToken();
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Get, "keys/root?api-version=7.4", token)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(HttpMethod.Get, "keys/root?api-version=7.4", token[..^4] + "AAAA")).Status);
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(HttpMethod.Get, "keys/root?api-version=7.4", token)).Status);
    }

    [Theory]
    [InlineData("keys/root", 400, "BadParameter")]
    [InlineData("keys/root?api-version=6.0", 400, "BadParameter")]
    [InlineData("keys/root?api-version=7.4", 404, "KeyNotFound")]
    [InlineData("keys/ro_ot?api-version=7.4", 400, "BadParameter")]
    [InlineData("secrets/root?api-version=7.4", 404, "NotFound")]
    public async Task Versions_and_names_are_checked(string path, int status, string code)
    {
        var reply = await SendAsync(HttpMethod.Get, path, _emulator.AccessToken());
        Assert.Equal((status, code), ((int)reply.Status, reply.Code));
    }

    [Fact]
    public async Task Digests_algorithms_and_operations_have_to_fit_the_key()
    {
        var ec = await CreateAsync(new { kty = "EC", crv = "P-256" });
        var digest = Convert.ToBase64String(SHA256.HashData("x"u8)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        Assert.Equal(200, await OperateAsync(ec, "sign", "ES256", digest));
        Assert.Equal(400, await OperateAsync(ec, "sign", "ES384", digest));
        Assert.Equal(400, await OperateAsync(ec, "sign", "RS256", digest));
        Assert.Equal(400, await OperateAsync(ec, "sign", "ES256", digest[..^2]));
        Assert.Equal(400, await OperateAsync(ec, "sign", "ES256", digest + "="));
        Assert.Equal(400, await OperateAsync(ec, "wrapkey", "RSA-OAEP-256", digest));
        var rsa = await CreateAsync(new { kty = "RSA", key_size = 2048, key_ops = new[] { "sign" } });
        Assert.Equal(403, await OperateAsync(rsa, "wrapkey", "RSA-OAEP-256", digest));
        _emulator.SetEnabled("mesh", "root", false);
        Assert.Equal(403, await OperateAsync(rsa, "sign", "RS256", digest));
    }

    [Fact]
    public async Task Without_a_version_the_newest_key_signs_with_or_without_the_double_slash()
    {
        await CreateAsync(new { kty = "EC" });
        var newest = await CreateAsync(new { kty = "EC" });
        foreach (var path in new[] { "keys/root/sign", "keys/root//sign" })
        {
            var reply = await SendAsync(HttpMethod.Post, path + "?api-version=7.4", _emulator.AccessToken(), new { alg = "ES256", value = new string('A', 43) });
            Assert.Equal(newest, reply.Body.GetProperty("kid").GetString());
        }
    }

    [Fact]
    public async Task The_buckets_fill_by_weight_and_empty_after_ten_seconds()
    {
        var heavy = await CreateAsync(new { kty = "RSA-HSM", key_size = 3072 });
        var value = new string('A', 43);
        Assert.Equal(200, await OperateAsync(heavy, "sign", "RS256", value));
        Assert.Equal(200, await OperateAsync(heavy, "sign", "RS256", value));
        var throttled = await SendAsync(HttpMethod.Post, new Uri(heavy).AbsolutePath[1..] + "/sign?api-version=7.4", _emulator.AccessToken(), new { alg = "RS256", value });
        Assert.Equal((429, "Throttled"), ((int)throttled.Status, throttled.Code));
        Assert.Equal(TimeSpan.FromSeconds(10), throttled.RetryAfter);
        Assert.Contains("VaultRequestTypeLimitReached", throttled.Error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.True(throttled.Headers.Contains("x-ms-keyvault-region"));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(200, await OperateAsync(heavy, "sign", "RS256", value));
    }

    [Fact]
    public async Task The_control_endpoint_plans_faults_and_tells_counts()
    {
        using var planned = await _client.PostAsJsonAsync(
            new Uri(_emulator.ControlUri, "faults"), new { fault = "ServerError", times = 1, operation = "get" });
        planned.EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.InternalServerError, (await SendAsync(HttpMethod.Get, "keys/root?api-version=7.4", _emulator.AccessToken())).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Get, "keys/root?api-version=7.4", _emulator.AccessToken())).Status);
        var counts = await _client.GetFromJsonAsync<Dictionary<string, int>>(new Uri(_emulator.ControlUri, "calls"));
        Assert.Equal(2, counts!["get"]);
    }

    private async Task<string> CreateAsync(object body)
    {
        var reply = await SendAsync(HttpMethod.Post, "keys/root/create?api-version=7.4", _emulator.AccessToken(), body);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        return reply.Body.GetProperty("key").GetProperty("kid").GetString()!;
    }

    private async Task<int> OperateAsync(string keyId, string operation, string alg, string value) => (int)(await SendAsync(
        HttpMethod.Post, $"{new Uri(keyId).AbsolutePath[1..]}/{operation}?api-version=7.4", _emulator.AccessToken(), new { alg, value })).Status;

    private async Task<Reply> SendAsync(HttpMethod method, string path, string? token, object? body = null)
    {
        using var request = new HttpRequestMessage(method, _emulator.VaultUri("mesh").GetLeftPart(UriPartial.Authority) + "/" + path);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        request.Content = body is null ? null : JsonContent.Create(body);
        using var response = await _client.SendAsync(request);
        return new Reply(response.StatusCode, response.Headers, response.Headers.RetryAfter?.Delta, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    private sealed record Reply(HttpStatusCode Status, HttpResponseHeaders Headers, TimeSpan? RetryAfter, JsonElement Body)
    {
        public JsonElement Error => Body.GetProperty("error");

        public string? Code => Error.GetProperty("code").GetString();
    }
}
