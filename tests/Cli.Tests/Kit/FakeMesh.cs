using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using MeshGrains.Identity;
using MeshGrains.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Cli.Tests;

/// <summary>
/// A control plane's REST API in this process, on a Unix socket and on TLS, with a data directory as a silo leaves it. It issues real certificates,
/// remembers every request, and answers as it is told.
/// </summary>
internal sealed class FakeMesh : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ConcurrentDictionary<string, Func<SeenRequest, (int Status, JsonNode? Body)>> _told = new();
    private readonly ConcurrentDictionary<string, string> _tokens = new();
    private readonly ConcurrentDictionary<string, string> _quarantined = new();
    private readonly ConcurrentQueue<SeenRequest> _requests = new();
    private readonly List<JsonObject> _entries = [];
    private int _number;

    private FakeMesh(WebApplication application, TempDirectory directory, TestPki pki, FakeTimeProvider time)
        => (_application, Directory, Pki, Time) = (application, directory, pki, time);

    public TempDirectory Directory { get; }

    public string Data => Directory.File("d");

    public string Socket => Path.Combine(Data, "admin.sock");

    public string BundleFile => Path.Combine(Data, "bundle.json");

    public string Server { get; private set; } = "";

    public TestPki Pki { get; }

    public FakeTimeProvider Time { get; }

    public IReadOnlyList<SeenRequest> Requests => [.. _requests];

    /// <summary>Every token that was given out.</summary>
    public ICollection<string> Tokens => _tokens.Keys;

    /// <summary>Whose certificate an SVID request gets, in place of the right one.</summary>
    public Func<SpiffeId, SpiffeId>? OtherIdentity { get; set; }

    /// <summary>The public key that certificates are for, in place of the right one.</summary>
    public byte[]? OtherKey { get; set; }

    /// <summary>Turns the quarantine into words without deeds.</summary>
    public bool ForgetsQuarantine { get; set; }

    /// <summary>Takes a join token as often as it comes.</summary>
    public bool KeepsTokens { get; set; }

    public static async Task<FakeMesh> StartAsync(string gatewayPath = "/meshgrains/gateway")
    {
        var time = new FakeTimeProvider();
        var pki = new TestPki(time.GetUtcNow());
        var directory = new TempDirectory();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var data = System.IO.Directory.CreateDirectory(directory.File("d")).FullName;
        var context = pki.ServerContext(gatewayPath);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ListenUnixSocket(Path.Combine(data, "admin.sock"));
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = context,
                    ClientCertificateRequired = true,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    CertificateChainPolicy = PeerChain.Undecided(),
                    // It takes whoever comes and remembers whom; what counts here is what the client shows.
                    RemoteCertificateValidationCallback = (_, leaf, _, _) => leaf is null || IdOf(leaf) is not null,
                }),
            }));
        });
        var mesh = new FakeMesh(builder.Build(), directory, pki, time);
        mesh._application.Run(mesh.HandleAsync);
        await mesh._application.StartAsync();
        mesh.Server = mesh._application.Urls.Single(url => url.StartsWith("https", StringComparison.Ordinal));
        File.WriteAllText(mesh.BundleFile, System.Text.Encoding.UTF8.GetString(pki.Bundle.WriteJwks()));
        File.WriteAllText(
            Path.Combine(data, EndpointsFile.Name), new JsonObject { ["gateway"] = mesh.Server, ["adminSocket"] = mesh.Socket, ["pid"] = 1 }.ToJsonString());
        return mesh;
    }

    /// <summary>Runs a command against this control plane by its data directory.</summary>
    public Task<CliRun> RunAsync(params string[] arguments) => RunBareAsync([.. arguments, "--data", Data]);

    public Task<CliRun> RunBareAsync(params string[] arguments) => RunAsync(arguments, Time);

    public static async Task<CliRun> RunAsync(string[] arguments, TimeProvider time, string input = "")
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var host = new CliHost(output, error, new StringReader(input), time, RandomSerialSource.Shared);
        var exitCode = await MeshCtl.RunAsync(arguments, host, CancellationToken.None);
        return new CliRun(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Answers a request so from now on.</summary>
    public void Answer(string method, string path, JsonNode? body, int status = 200) => _told[$"{method} {path}"] = _ => (status, body?.DeepClone());

    public void Answer(string method, string path, Func<SeenRequest, (int Status, JsonNode? Body)> answer) => _told[$"{method} {path}"] = answer;

    /// <summary>Refuses a request so from now on.</summary>
    public void Refuse(string method, string path, int status, string reason, string detail)
        => Answer(method, path, Problem(status, reason, detail), status);

    /// <summary>Puts an entry there, as another operator might.</summary>
    public string AddEntry(string spiffeId, string? parent = null, params string[] selectors)
    {
        lock (_entries)
        {
            var entry = new JsonObject
            {
                ["id"] = $"entry-{_entries.Count + 1}", ["spiffeId"] = spiffeId, ["parentId"] = parent ?? $"spiffe://{Pki.TrustDomain}/meshgrains/join-token",
                ["selectors"] = new JsonArray([.. selectors.Select(selector => JsonValue.Create(selector))]), ["dnsNames"] = new JsonArray(),
                ["federatesWith"] = new JsonArray(), ["createdAt"] = Time.GetUtcNow(), ["revision"] = 1,
            };
            _entries.Add(entry);
            return (string)entry["id"]!;
        }
    }

    public string AddToken(string spiffeId)
    {
        var token = $"mgj_{Guid.NewGuid():N}";
        _tokens[token] = spiffeId;
        return token;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
        Directory.Dispose();
    }

    private static JsonObject Problem(int status, string reason, string detail) => new()
    {
        ["type"] = $"urn:meshgrains:problem:{reason}", ["title"] = "Refused", ["status"] = status, ["detail"] = detail, ["reason"] = reason,
        ["requestId"] = "req-1",
    };

    private static string? IdOf(X509Certificate? certificate)
        => certificate is null ? null : ParsedCertificate.Read(certificate.GetRawCertData()).UriNames[0];

    private async Task HandleAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var seen = new SeenRequest(
            http.Request.Method, http.Request.Path.Value!, http.Request.QueryString.Value ?? "", await reader.ReadToEndAsync(),
            http.Request.Headers.Authorization, http.Request.Headers.IfMatch, http.Request.ContentType, IdOf(http.Connection.ClientCertificate),
            !http.Request.IsHttps, http.Request.Headers["Idempotency-Key"]);
        _requests.Enqueue(seen);
        var (status, body) = _told.TryGetValue($"{seen.Method} {seen.Path}", out var told) ? told(seen) : Serve(seen, http.Request.Query);
        http.Response.StatusCode = status;
        if (status == 503)
        {
            http.Response.Headers.RetryAfter = "7";
        }

        if (body is JsonValue text)
        {
            http.Response.ContentType = "text/plain";
            await http.Response.WriteAsync((string)text!);
        }
        else if (body is not null)
        {
            http.Response.ContentType = status >= 400 ? "application/problem+json" : "application/json";
            await http.Response.WriteAsync(body.ToJsonString());
        }
    }

    private (int, JsonNode?) Serve(SeenRequest request, IQueryCollection query) => (request.Method, request.Path) switch
    {
        ("GET", "/v1/bundle") => (200, JsonNode.Parse(Pki.Bundle.WriteJwks())),
        ("GET", "/v1/bundle.pem") => (200, JsonValue.Create(Pki.Bundle.ToPem())),
        ("GET", "/v1/status") => (200, new JsonObject { ["trustDomain"] = Pki.TrustDomain.Name, ["cluster"] = "main", ["ready"] = true, ["now"] = Time.GetUtcNow() }),
        ("GET", "/v1/entries") => EntryPage(query["after"], int.Parse(query["limit"]!)),
        ("POST", "/v1/entries") => CreateEntry(request.Json),
        ("POST", "/v1/join-tokens") => CreateToken((string)request.Json["entryId"]!),
        ("POST", "/v1/svids") => Issue(request),
        ("POST", "/v1/denials") => Deny((string)request.Json["spiffeId"]!, (string)request.Json["reason"]!),
        ("DELETE", "/v1/denials") => Release(query["spiffeId"]!),
        ("GET", "/v1/denials") => (200, new JsonObject { ["number"] = _number, ["denials"] = new JsonArray() }),
        ("GET", "/v1/issuances") => (200, new JsonObject { ["issuances"] = new JsonArray() }),
        _ => (404, Problem(404, "not_found", "There is no such thing.")),
    };

    private (int, JsonNode?) EntryPage(string? after, int limit)
    {
        lock (_entries)
        {
            var page = _entries.SkipWhile(entry => after is not null && (string)entry["id"]! != after).Skip(after is null ? 0 : 1).Take(limit).ToList();
            var body = new JsonObject { ["entries"] = new JsonArray([.. page.Select(entry => entry.DeepClone())]) };
            if (page.Count == limit)
            {
                body["next"] = (string)page[^1]["id"]!;
            }

            return (200, body);
        }
    }

    private (int, JsonNode?) CreateEntry(JsonNode body)
    {
        lock (_entries)
        {
            if (_entries.Exists(entry => (string)entry["spiffeId"]! == (string)body["spiffeId"]!))
            {
                return (409, Problem(409, "entry_conflict", "An entry of the same identity exists."));
            }

            AddEntry((string)body["spiffeId"]!, (string?)body["parentId"], [.. (body["selectors"]?.AsArray() ?? []).Select(selector => (string)selector!)]);
            return (201, _entries[^1].DeepClone());
        }
    }

    private (int, JsonNode?) CreateToken(string entryId)
    {
        lock (_entries)
        {
            var entry = _entries.Find(candidate => (string)candidate["id"]! == entryId);
            return entry is null
                ? (404, Problem(404, "not_found", "There is no such entry; create it first."))
                : (201, new JsonObject
                {
                    ["token"] = AddToken((string)entry["spiffeId"]!), ["entryId"] = entryId, ["expiresAt"] = Time.GetUtcNow().AddMinutes(10),
                });
        }
    }

    private (int, JsonNode?) Issue(SeenRequest request)
    {
        var identity = request.ClientId;
        if (request.Authorization is { } authorization
            && !(KeepsTokens ? _tokens.TryGetValue(authorization["Bearer ".Length..], out identity) : _tokens.TryRemove(authorization["Bearer ".Length..], out identity)))
        {
            return (401, Problem(401, "join_token_refused", "The join token is unknown, used or expired."));
        }

        if (identity is null)
        {
            return (401, Problem(401, "no_credentials", "Give a token or show an SVID."));
        }

        if (_quarantined.ContainsKey(identity) && !ForgetsQuarantine)
        {
            return (403, Problem(403, "quarantined", "This identity is quarantined."));
        }

        if (!CertificateSigningRequest.TryRead(Convert.FromBase64String((string)request.Json["csr"]!), out var csr, out var error) || !csr.VerifyProofOfPossession())
        {
            return (400, Problem(400, "csr_malformed", error ?? "The proof of possession is wrong."));
        }

        var id = SpiffeId.Parse(identity);
        var ttl = (int?)request.Json["ttlSeconds"] is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        var leaf = Pki.Issue(OtherIdentity?.Invoke(id) ?? id, OtherKey ?? csr.SubjectPublicKeyInfo, ttl);
        var parsed = ParsedCertificate.Read(leaf);
        return (200, JsonSerializer.SerializeToNode(new
        {
            spiffeId = parsed.UriNames[0], serial = parsed.SerialHex, certificate = PemWriter.EncodeCertificate(leaf), chain = Pki.ChainPem,
            bundle = Pki.Bundle.ToPem(), bundleNumber = 1, notBefore = parsed.NotBefore, notAfter = parsed.NotAfter, requestId = "req-2",
        }));
    }

    private (int, JsonNode?) Deny(string spiffeId, string reason)
    {
        _quarantined[spiffeId] = reason;
        return (200, Receipt());
    }

    private (int, JsonNode?) Release(string spiffeId)
    {
        _quarantined.TryRemove(spiffeId, out _);
        return (200, Receipt());
    }

    private JsonObject Receipt() => new() { ["number"] = Interlocked.Increment(ref _number), ["effectiveAt"] = Time.GetUtcNow() };
}
