using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace MeshGrains.Keys.Azure;

/// <summary>Key Vault's keys API over Azure.Core's pipeline (Azure/azure-rest-api-specs, keyvault/Security.KeyVault.Keys).</summary>
internal sealed partial class RestVaultKeyClient : IVaultKeyClient
{
    private const int MaxReplyBytes = 256 * 1024;
    private const string WrapAlgorithm = "RSA-OAEP-256";

    private static readonly IReadOnlyDictionary<string, string> NoTags = new Dictionary<string, string>();

    private readonly VaultLocation _location;
    private readonly HttpPipeline _pipeline;
    private readonly VaultTokens _tokens;
    private readonly HttpClientTransport _transport;
    private readonly TimeProvider _time;

    public RestVaultKeyClient(VaultLocation location, HttpClientTransport transport, VaultTokens tokens, TimeProvider time)
    {
        _location = location;
        _transport = transport;
        _tokens = tokens;
        _time = time;
        var options = new PipelineOptions { Transport = transport };
        options.Retry.MaxRetries = 0;
        options.Diagnostics.IsLoggingEnabled = false;
        _pipeline = HttpPipelineBuilder.Build(options, new VaultAuthentication(tokens));
    }

    public async Task<VaultKey> CreateKeyAsync(string name, VaultKeySpecification specification, CancellationToken ct)
    {
        var ec = specification.Algorithm.IsEcdsa();
        var body = new CreateKeyBody(
            (ec ? "EC" : "RSA") + (specification.Hsm ? "-HSM" : ""),
            specification.Algorithm switch { KeyAlgorithm.EcdsaP256 => "P-256", KeyAlgorithm.EcdsaP384 => "P-384", _ => null },
            ec ? null : specification.Algorithm.RsaBits(),
            specification.Purpose == KeyPurpose.Sign ? ["sign", "verify"] : ["wrapKey", "unwrapKey"],
            specification.Tags);
        var content = JsonSerializer.SerializeToUtf8Bytes(body, VaultJson.Default.CreateKeyBody);
        return ReadKey(await SendAsync(RequestMethod.Post, UriOf($"keys/{name}/create"), content, VaultJson.Default.KeyBundleReply, ct).ConfigureAwait(false));
    }

    public async Task<VaultKey> GetKeyAsync(string name, string version, CancellationToken ct) =>
        ReadKey(await SendAsync(RequestMethod.Get, UriOf($"keys/{name}/{version}"), null, VaultJson.Default.KeyBundleReply, ct).ConfigureAwait(false));

    public async Task<VaultKeyPage> ListVersionsAsync(string name, string? continuation, CancellationToken ct)
    {
        var path = $"keys/{name}/versions";
        var uri = continuation is null ? UriOf(path) : Continue(path, continuation);
        KeyListReply reply;
        try
        {
            reply = await SendAsync(RequestMethod.Get, uri, null, VaultJson.Default.KeyListReply, ct).ConfigureAwait(false);
        }
        catch (VaultRequestException e) when (e.Status == 404)
        {
            return new VaultKeyPage([], null);
        }

        var versions = (reply.Value ?? []).Select(item => new VaultKeyVersion(
            item.Id ?? throw Malformed(), item.Attributes?.Enabled ?? true, item.Attributes?.Created ?? 0, item.Tags ?? NoTags));
        return new VaultKeyPage([.. versions], string.IsNullOrEmpty(reply.NextLink) ? null : reply.NextLink);
    }

    public Task<VaultKeyResult> SignAsync(string name, string version, KeyAlgorithm algorithm, ReadOnlyMemory<byte> digest, CancellationToken ct)
    {
        var alg = algorithm switch { KeyAlgorithm.EcdsaP256 => "ES256", KeyAlgorithm.EcdsaP384 => "ES384", _ => "RS256" };
        return OperateAsync(name, version, "sign", alg, digest, ct);
    }

    public Task<VaultKeyResult> WrapAsync(string name, string version, ReadOnlyMemory<byte> plaintext, CancellationToken ct) =>
        OperateAsync(name, version, "wrapkey", WrapAlgorithm, plaintext, ct);

    public Task<VaultKeyResult> UnwrapAsync(string name, string version, ReadOnlyMemory<byte> wrapped, CancellationToken ct) =>
        OperateAsync(name, version, "unwrapkey", WrapAlgorithm, wrapped, ct);

    public void Dispose()
    {
        _tokens.Dispose();
        _transport.Dispose();
    }

    private static VaultKey ReadKey(KeyBundleReply reply)
    {
        var key = reply.Key ?? throw Malformed();
        var (algorithm, publicKey) = JsonWebKeys.Read(key);
        return new VaultKey(key.Id ?? throw Malformed(), algorithm, key.Operations ?? [], publicKey, reply.Attributes?.Enabled ?? true);
    }

    private static KeyManagerException Malformed(Exception? inner = null) =>
        KeyRules.Invalid("The vault's reply is not what the keys API promises. It was discarded.", inner);

    private static string? Token(string? text) => text is not null && TokenPattern().IsMatch(text) ? text : null;

    [GeneratedRegex("^[0-9A-Za-z._-]{1,64}$", RegexOptions.CultureInvariant)]
    private static partial Regex TokenPattern();

    private async Task<VaultKeyResult> OperateAsync(
        string name, string version, string operation, string algorithm, ReadOnlyMemory<byte> value, CancellationToken ct)
    {
        var body = new KeyOperationBody(algorithm, Base64Url.EncodeToString(value.Span));
        var content = JsonSerializer.SerializeToUtf8Bytes(body, VaultJson.Default.KeyOperationBody);
        var reply = await SendAsync(
            RequestMethod.Post, UriOf($"keys/{name}/{version}/{operation}"), content, VaultJson.Default.KeyOperationReply, ct).ConfigureAwait(false);
        try
        {
            return new VaultKeyResult(
                reply.Id ?? throw Malformed(), Base64Url.DecodeFromChars(reply.Value ?? throw Malformed()));
        }
        catch (FormatException e)
        {
            throw Malformed(e);
        }
    }

    private Uri UriOf(string path) => new(_location.Vault, $"{path}?api-version={_location.ApiVersion}");

    /// <summary>A next link is followed only to where the first page lay: it carries our token.</summary>
    private Uri Continue(string path, string link)
    {
        if (link.Length > 4096
            || !Uri.TryCreate(link, UriKind.Absolute, out var uri)
            || !string.Equals(uri.GetLeftPart(UriPartial.Authority), _location.Vault.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase)
            || !string.Equals(uri.AbsolutePath, "/" + path, StringComparison.OrdinalIgnoreCase))
        {
            throw Malformed();
        }

        return uri;
    }

    private async Task<T> SendAsync<T>(RequestMethod method, Uri uri, byte[]? body, JsonTypeInfo<T> type, CancellationToken ct)
    {
        using var message = _pipeline.CreateMessage();
        message.BufferResponse = false;
        var request = message.Request;
        request.Method = method;
        request.Uri.Reset(uri);
        request.Headers.SetValue(HttpHeader.Names.Accept, "application/json");
        if (body is not null)
        {
            request.Content = RequestContent.Create(body);
            request.Headers.SetValue(HttpHeader.Names.ContentType, "application/json");
        }

        try
        {
            await _pipeline.SendAsync(message, ct).ConfigureAwait(false);
            var reply = await ReadBoundedAsync(message.Response, ct).ConfigureAwait(false);
            if (message.Response.Status != 200)
            {
                throw Refusal(message.Response, reply.Span);
            }

            return JsonSerializer.Deserialize(reply.Span, type) ?? throw Malformed();
        }
        catch (JsonException e)
        {
            throw Malformed(e);
        }
        catch (Exception e) when (e is RequestFailedException or HttpRequestException or IOException
            || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new VaultRequestException(0, null, null, null, e);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBoundedAsync(Response response, CancellationToken ct)
    {
        if (response.ContentStream is not { } stream)
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        using var reply = new MemoryStream();
        var buffer = new byte[8192];
        int read;
        while ((read = await stream.ReadAsync(buffer, ct).ConfigureAwait(false)) > 0)
        {
            if (reply.Length + read > MaxReplyBytes)
            {
                throw Malformed();
            }

            reply.Write(buffer, 0, read);
        }

        return reply.GetBuffer().AsMemory(0, (int)reply.Length);
    }

    private VaultRequestException Refusal(Response response, ReadOnlySpan<byte> reply)
    {
        string? code = null;
        try
        {
            var error = reply.IsEmpty ? null : JsonSerializer.Deserialize(reply, VaultJson.Default.ErrorReply)?.Error;
            code = Token(error?.Inner?.Code) ?? Token(error?.Code);
        }
        catch (JsonException)
        {
            // A proxy's error page: the status has to do.
        }

        response.Headers.TryGetValue("x-ms-request-id", out var requestId);
        return new VaultRequestException(response.Status, code, Token(requestId), RetryAfter(response));
    }

    private TimeSpan? RetryAfter(Response response)
    {
        if (!response.Headers.TryGetValue("Retry-After", out var text)
            || !System.Net.Http.Headers.RetryConditionHeaderValue.TryParse(text, out var value))
        {
            return null;
        }

        var wait = value.Delta ?? (value.Date - _time.GetUtcNow());
        return wait is { } w && w < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private sealed class PipelineOptions : ClientOptions;
}
