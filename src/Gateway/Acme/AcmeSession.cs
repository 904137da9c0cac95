using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace MeshGrains.Gateway.Acme;

/// <summary>An account at a CA, for as long as one order takes. A nonce that the CA does not take is replaced by the one that it sends along.</summary>
internal sealed class AcmeSession
{
    private const int NonceAttempts = 16;

    private readonly AcmeHttp _http;
    private readonly AcmeAccountKey _key;
    private readonly AcmeDirectory _directory;
    private Uri? _account;
    private string? _nonce;

    private AcmeSession(AcmeHttp http, AcmeAccountKey key, AcmeDirectory directory) => (_http, _key, _directory) = (http, key, directory);

    public AcmeAccountKey Key => _key;

    public bool HasRenewalInfo => _directory.RenewalInfo is not null;

    /// <exception cref="AcmeException">There is no such directory.</exception>
    public static async Task<AcmeSession> OpenAsync(AcmeHttp http, AcmeAccountKey key, Uri directory, CancellationToken cancellationToken)
    {
        var reply = await http.SendAsync(HttpMethod.Get, directory, null, cancellationToken);
        return new AcmeSession(http, key, Read(reply, "The directory", AcmeJson.Default.AcmeDirectory));
    }

    /// <summary>Finds the account of this key, or makes it.</summary>
    /// <exception cref="AcmeException">The CA refuses.</exception>
    public async Task EnterAsync(string email, string externalKeyId, byte[]? externalKey, CancellationToken cancellationToken)
    {
        if (_directory.Meta?.ExternalAccountRequired == true && externalKey is null)
        {
            throw new AcmeException("The CA takes accounts with an external binding alone; set federation.endpoint.acme.externalAccountKeyId and externalAccountKeyFile.");
        }

        var contact = email.Length > 0 ? $$""","contact":["mailto:{{JavaScriptEncoder.Default.Encode(email)}}"]""" : "";
        var binding = externalKey is null ? "" : $$""","externalAccountBinding":{{_key.BindTo(externalKeyId, externalKey, _directory.NewAccount)}}""";
        var reply = await PostAsync(_directory.NewAccount, $$"""{"termsOfServiceAgreed":true{{contact}}{{binding}}}""", "The account", cancellationToken);
        _account = reply.Location ?? throw new AcmeException("The CA made an account without a URL.");
    }

    /// <param name="domain">What it is for.</param>
    /// <param name="replaces">The certificate that it follows, by RFC 9773; null for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<(Uri Url, AcmeOrderBody Order)> OrderAsync(string domain, string? replaces, CancellationToken cancellationToken)
    {
        var follows = replaces is null ? "" : $",\"replaces\":\"{replaces}\"";
        var reply = await PostAsync(_directory.NewOrder, $$"""{"identifiers":[{"type":"dns","value":"{{domain}}"}]{{follows}}}""", "The order", cancellationToken);
        return (reply.Location ?? throw new AcmeException("The CA took an order without a URL."), Read(reply, "The order", AcmeJson.Default.AcmeOrderBody));
    }

    public async Task<(AcmeOrderBody Order, TimeSpan? RetryAfter)> GetOrderAsync(Uri url, CancellationToken cancellationToken)
    {
        var reply = await PostAsync(url, "", "The order", cancellationToken);
        return (Read(reply, "The order", AcmeJson.Default.AcmeOrderBody), reply.RetryAfter);
    }

    public async Task<(AcmeAuthorizationBody Authorization, TimeSpan? RetryAfter)> GetAuthorizationAsync(Uri url, CancellationToken cancellationToken)
    {
        var reply = await PostAsync(url, "", "The authorization", cancellationToken);
        return (Read(reply, "The authorization", AcmeJson.Default.AcmeAuthorizationBody), reply.RetryAfter);
    }

    /// <summary>Says that the challenge's answer is in place.</summary>
    public Task BeginAsync(Uri challenge, CancellationToken cancellationToken) => PostAsync(challenge, "{}", "The challenge", cancellationToken);

    public async Task<AcmeOrderBody> FinalizeAsync(Uri url, string csr, CancellationToken cancellationToken) =>
        Read(await PostAsync(url, $$"""{"csr":"{{csr}}"}""", "The request for the certificate", cancellationToken), "The order", AcmeJson.Default.AcmeOrderBody);

    /// <summary>The chain, PEM.</summary>
    public async Task<byte[]> DownloadAsync(Uri url, CancellationToken cancellationToken) => (await PostAsync(url, "", "The certificate", cancellationToken)).Body;

    /// <summary>When the CA would have the certificate renewed.</summary>
    public async Task<(AcmeRenewalBody Info, TimeSpan? RetryAfter)> RenewalInfoAsync(string certificate, CancellationToken cancellationToken)
    {
        var url = new Uri($"{_directory.RenewalInfo!.AbsoluteUri.TrimEnd('/')}/{certificate}");
        var reply = await _http.SendAsync(HttpMethod.Get, url, null, cancellationToken);
        return (Read(reply, "The renewal information", AcmeJson.Default.AcmeRenewalBody), reply.RetryAfter);
    }

    private async Task<AcmeReply> PostAsync(Uri url, string payload, string what, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var reply = await _http.SendAsync(HttpMethod.Post, url, _key.Sign(payload, url, await NonceAsync(cancellationToken), _account), cancellationToken);
            _nonce = reply.Nonce;
            if (reply.IsGood)
            {
                return reply;
            }

            var refused = Refused(reply, what);
            if (refused.Kind != "badNonce" || attempt == NonceAttempts)
            {
                throw refused;
            }
        }
    }

    private async Task<string> NonceAsync(CancellationToken cancellationToken)
    {
        // Each serves once.
        if (Interlocked.Exchange(ref _nonce, null) is { } known)
        {
            return known;
        }

        var reply = await _http.SendAsync(HttpMethod.Head, _directory.NewNonce, null, cancellationToken);
        return reply.Nonce ?? throw new AcmeException("The CA gave no nonce.");
    }

    private static T Read<T>(AcmeReply reply, string what, JsonTypeInfo<T> json)
    {
        if (!reply.IsGood)
        {
            throw Refused(reply, what);
        }

        try
        {
            return JsonSerializer.Deserialize(reply.Body, json) ?? throw new AcmeException($"{what} is empty.");
        }
        catch (JsonException)
        {
            throw new AcmeException($"{what} cannot be read; is this the URL of an ACME directory?");
        }
    }

    private static AcmeException Refused(AcmeReply reply, string what)
    {
        AcmeProblem? problem = null;
        try
        {
            problem = JsonSerializer.Deserialize(reply.Body, AcmeJson.Default.AcmeProblem);
        }
        catch (JsonException)
        {
            // Something between here and the CA answered.
        }

        return AcmeException.Of($"{what} was refused with HTTP {reply.Status}", problem, reply.RetryAfter);
    }
}
