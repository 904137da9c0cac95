using System.Globalization;
using System.Text.Json.Nodes;
using MeshGrains.Gateway.Tests.Authentication;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Silo.Tests;

/// <summary>
/// As much of an API server as a publisher meets: objects with resource versions, merge patches that name one, discovery, a bearer token, Status answers.
/// </summary>
internal sealed class FakeKubernetes : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private LoopbackServer _server = null!;
    private long _version = 100;

    public string Address => _server.Address;

    public string Token { get; set; } = "token-1";

    /// <summary>Versions of certificates.k8s.io, each with whether it serves ClusterTrustBundles.</summary>
    public Dictionary<string, bool> Certificates { get; } = new() { ["v1"] = false, ["v1beta1"] = true, ["v1alpha1"] = true };

    /// <summary>By path.</summary>
    public Dictionary<string, JsonObject> Objects { get; } = [];

    public List<string> Calls { get; } = [];

    /// <summary>Runs before a call is answered; true when it answered itself.</summary>
    public Func<HttpContext, Task<bool>> Before { get; set; } = _ => Task.FromResult(false);

    public static async Task<FakeKubernetes> StartAsync()
    {
        var fake = new FakeKubernetes();
        fake._server = await LoopbackServer.StartAsync(fake.AnswerAsync);
        return fake;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    public JsonObject Put(string path, JsonObject made)
    {
        lock (_gate)
        {
            var metadata = (made["metadata"] ??= new JsonObject()).AsObject();
            metadata["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
            return Objects[path] = made;
        }
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        lock (_gate)
        {
            Calls.Add($"{http.Request.Method} {path}");
        }

        if (await Before(http))
        {
            return;
        }

        if (http.Request.Headers.Authorization != $"Bearer {Token}")
        {
            await StatusAsync(http, 401, "Unauthorized");
            return;
        }

        var body = http.Request.Method == "GET" ? null : (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        var (status, answer) = Handle(http.Request.Method, path, body, http.Request.ContentType);
        http.Response.StatusCode = status;
        await http.Response.WriteAsync(answer.ToJsonString());
    }

    public static Task StatusAsync(HttpContext http, int code, string message)
    {
        http.Response.StatusCode = code;
        return http.Response.WriteAsync(Status(code, message).ToJsonString());
    }

    private (int Status, JsonNode Answer) Handle(string method, string path, JsonObject? body, string? contentType)
    {
        lock (_gate)
        {
            if (path.Split('/') is ["", "apis", "certificates.k8s.io", var version])
            {
                return !Certificates.TryGetValue(version, out var has) ? NotFound() : (200, new JsonObject
                {
                    ["kind"] = "APIResourceList",
                    ["resources"] = new JsonArray([.. (has ? new[] { "certificatesigningrequests", "clustertrustbundles" } : ["certificatesigningrequests"])
                        .Select(name => new JsonObject { ["name"] = name })]),
                });
            }

            switch (method)
            {
                case "GET":
                    return Objects.TryGetValue(path, out var found) ? (200, found.DeepClone()) : NotFound();
                case "POST":
                    Assert.Equal("application/json", contentType);
                    Assert.Equal(ExpectedType(path), (body!["apiVersion"]!.GetValue<string>(), body["kind"]!.GetValue<string>()));
                    var made = $"{path}/{body["metadata"]!["name"]}";
                    return Objects.ContainsKey(made) ? (409, Status(409, "already exists")) : (201, Put(made, body).DeepClone());
                case "PATCH":
                    Assert.Equal("application/merge-patch+json", contentType);
                    if (!Objects.TryGetValue(path, out var there))
                    {
                        return NotFound();
                    }

                    // An API server takes a patch without a resource version as well; a publisher must not send one.
                    if (body!["metadata"]!["resourceVersion"]!.GetValue<string>() != there["metadata"]!["resourceVersion"]!.GetValue<string>())
                    {
                        return (409, Status(409, "the object has been modified"));
                    }

                    Merge(there, body);
                    return (200, Put(path, there).DeepClone());
                default:
                    return (405, Status(405, "no"));
            }
        }
    }

    private static (string ApiVersion, string Kind) ExpectedType(string path) =>
        path.StartsWith("/api/v1/", StringComparison.Ordinal) ? ("v1", "ConfigMap") : ($"certificates.k8s.io/{path.Split('/')[3]}", "ClusterTrustBundle");

    private static void Merge(JsonObject into, JsonObject patch)
    {
        foreach (var (key, value) in patch)
        {
            if (value is JsonObject members && into[key] is JsonObject there)
            {
                Merge(there, members);
            }
            else
            {
                into[key] = value?.DeepClone();
            }
        }
    }

    private static (int Status, JsonNode Answer) NotFound() => (404, Status(404, "not found"));

    private static JsonObject Status(int code, string message) => new() { ["kind"] = "Status", ["code"] = code, ["message"] = message };
}
