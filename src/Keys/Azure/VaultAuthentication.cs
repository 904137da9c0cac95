using Azure.Core;
using Azure.Core.Pipeline;

namespace MeshGrains.Keys.Azure;

/// <summary>
/// Key Vault's challenge authentication (reference: azure-sdk-for-net's behaviour, Microsoft's "Authentication, requests and responses").
/// The first request to a host goes out without body and token to learn the challenge, which is kept per host and port; a later 401 is
/// read anew, since a vault may move to another tenant. A challenge for somebody else's resource is refused.
/// </summary>
internal sealed class VaultAuthentication(VaultTokens tokens) : HttpPipelinePolicy
{
    private const int Unauthorized = 401;

    private readonly Lock _gate = new();
    private string? _origin;
    private VaultChallenge? _challenge;

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var request = message.Request;
        if (request.Uri.Scheme != Uri.UriSchemeHttps)
        {
            throw KeyRules.Invalid("A token is sent over https only.");
        }

        var challenge = Known(request);
        if (challenge is null)
        {
            var content = request.Content;
            request.Content = null;
            request.Headers.Remove(HttpHeader.Names.Authorization);
            await ProcessNextAsync(message, pipeline).ConfigureAwait(false);
            request.Content = content;
            if (message.Response.Status != Unauthorized)
            {
                if (message.Response.Status < 300)
                {
                    throw KeyRules.Invalid("The vault answered a request without a token. That is no Key Vault.");
                }

                return;
            }

            challenge = Learn(message);
        }

        var token = await SendAsync(message, pipeline, challenge, refused: null).ConfigureAwait(false);
        if (message.Response.Status == Unauthorized && message.Response.Headers.TryGetValue("WWW-Authenticate", out _))
        {
            challenge = Learn(message);
            await SendAsync(message, pipeline, challenge, refused: token).ConfigureAwait(false);
        }
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        throw new NotSupportedException("The vault is called asynchronously only.");

    private async ValueTask<string> SendAsync(
        HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline, VaultChallenge challenge, string? refused)
    {
        var token = await tokens.GetAsync(challenge, refused, message.CancellationToken).ConfigureAwait(false);
        message.Request.Headers.SetValue(HttpHeader.Names.Authorization, "Bearer " + token);
        await ProcessNextAsync(message, pipeline).ConfigureAwait(false);
        return token;
    }

    private static string OriginOf(Request request) => $"{request.Uri.Host}:{request.Uri.Port}";

    private VaultChallenge? Known(Request request)
    {
        lock (_gate)
        {
            return _origin == OriginOf(request) ? _challenge : null;
        }
    }

    private VaultChallenge Learn(HttpMessage message)
    {
        var problem = "it is missing";
        if (message.Response.Headers.TryGetValues("WWW-Authenticate", out var headers))
        {
            foreach (var header in headers)
            {
                if (VaultChallenge.TryRead(header, message.Request.Uri.Host!, out var challenge, out problem))
                {
                    message.Response.Dispose();
                    lock (_gate)
                    {
                        _origin = OriginOf(message.Request);
                        _challenge = challenge;
                    }

                    return challenge;
                }
            }
        }

        throw new KeyManagerException(
            KeyManagerError.Denied, $"The vault {message.Request.Uri.Host} sent a challenge that is refused: {problem}. No token was sent.");
    }
}
