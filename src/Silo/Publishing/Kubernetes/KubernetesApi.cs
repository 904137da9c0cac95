using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MeshGrains.Gateway;
using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>A Kubernetes API server by its REST API: this silo's own token and the cluster's CA, both read again when they change; bounded answers and times.</summary>
internal sealed class KubernetesApi(KubernetesApiOptions options, TimeProvider time) : IDisposable
{
    /// <summary>Objects have at most 1.5 MB in etcd; JSON and managed fields come on top.</summary>
    private const int MaxAnswer = 4 * 1024 * 1024;
    private const int MaxMessageChars = 300;

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    private readonly EndpointClient _client = new(options.CaFile, options.TokenFile, options.Timeout, time);
    private readonly string _server = options.ApiServer.TrimEnd('/');

    /// <summary>The object there; null when there is none.</summary>
    /// <exception cref="PublishingException">It cannot be had; the text says what to do.</exception>
    public async Task<JsonObject?> GetAsync(string path, CancellationToken cancellationToken)
    {
        var (status, body) = await SendAsync(HttpMethod.Get, path, null, null, cancellationToken);
        return status switch
        {
            HttpStatusCode.OK => Read(body, path) ?? throw new PublishingException($"The API server's answer for {path} is no JSON object."),
            HttpStatusCode.NotFound => null,
            _ => throw Refused("get", path, status, body),
        };
    }

    /// <summary>False when another was first.</summary>
    /// <inheritdoc cref="GetAsync" path="/exception"/>
    public async Task<bool> CreateAsync(string collection, JsonObject made, CancellationToken cancellationToken)
    {
        var (status, body) = await SendAsync(HttpMethod.Post, collection, made, "application/json", cancellationToken);
        return status switch
        {
            HttpStatusCode.OK or HttpStatusCode.Created => true,
            HttpStatusCode.Conflict => false,
            HttpStatusCode.NotFound => throw new PublishingException($"The API server has no {collection}: make the namespace, or take it out of the output."),
            _ => throw Refused("create", collection, status, body),
        };
    }

    /// <summary>Merges <paramref name="patch"/> in; false when the object is not of the resource version that the patch names any more, or is gone.</summary>
    /// <inheritdoc cref="GetAsync" path="/exception"/>
    public async Task<bool> PatchAsync(string path, JsonObject patch, CancellationToken cancellationToken)
    {
        var (status, body) = await SendAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json", cancellationToken);
        return status switch
        {
            HttpStatusCode.OK => true,
            HttpStatusCode.Conflict or HttpStatusCode.NotFound => false,
            _ => throw Refused("patch", path, status, body),
        };
    }

    public void Dispose() => _client.Dispose();

    private async Task<(HttpStatusCode Status, byte[] Body)> SendAsync(
        HttpMethod method, string path, JsonObject? content, string? contentType, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, _server + path);
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.UserAgent.ParseAdd("meshgrains");
        if (content is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(content.ToJsonString()));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType!);
        }

        try
        {
            return await _client.SendAsync(request, MaxAnswer, cancellationToken);
        }
        catch (SourceUnavailableException failure)
        {
            throw new PublishingException($"{failure.Message}. Check publish.kubernetes and the network policies between this silo and the API server.", failure);
        }
    }

    private static JsonObject? Read(byte[] body, string path)
    {
        try
        {
            return JsonNode.Parse(body, documentOptions: Reading) as JsonObject;
        }
        catch (Exception failure) when (failure is JsonException or ArgumentException)
        {
            throw new PublishingException($"The API server's answer for {path} is not well-formed JSON.", failure);
        }
    }

    private static PublishingException Refused(string verb, string path, HttpStatusCode status, byte[] body)
    {
        var said = Message(body);
        return new PublishingException((int)status switch
        {
            401 => $"The API server does not take this silo's token (401). Is publish.kubernetes.tokenFile mounted, current and made for the API server's audience?{said}",
            403 => $"The API server does not let this silo {verb} {path} (403). Give its service account the role of infra/kubernetes/publishing.{said}",
            422 or 400 => $"The API server finds the object of {path} invalid ({(int)status}).{said}",
            429 or >= 500 => $"The API server is busy or failing ({(int)status}) at {path}.{said}",
            _ => $"The API server answered {(int)status} to {verb} {path}.{said}",
        });
    }

    /// <summary>The message of a Status object: of one line, and short.</summary>
    private static string Message(byte[] body)
    {
        try
        {
            var message = (JsonNode.Parse(body, documentOptions: Reading) as JsonObject)?["message"]?.GetValue<string>() ?? "";
            var line = string.Concat(message.Select(c => char.IsControl(c) ? ' ' : c));
            return line.Length == 0 ? "" : $" It says: {(line.Length > MaxMessageChars ? line[..MaxMessageChars] + "…" : line)}";
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or ArgumentException)
        {
            return "";
        }
    }
}
