using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MeshGrains.Agent.Workloads.Kubernetes;

/// <summary>Asks the kubelet for this node's pods. Callers share one question, and an answer counts for half of the interval in which a missing container is asked for.</summary>
internal sealed class KubeletClient : IDisposable
{
    private const int MaxTokenBytes = 16 * 1024;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly KubernetesAttestorOptions _options;
    private readonly TimeProvider _time;
    private readonly Uri _pods;
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _gate = new();
    private Task<NodePods>? _asking;
    private (NodePods Pods, long At)? _last;
    private volatile string? _distrust;

    public KubeletClient(KubernetesAttestorOptions options, TimeProvider time)
    {
        (_options, _time, _pods) = (options, time, new Uri(new Uri(options.Kubelet), "/pods"));
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false, AllowAutoRedirect = false, UseCookies = false, MaxConnectionsPerServer = 2, MaxResponseHeadersLength = 16,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1), ConnectTimeout = options.Timeout,
            SslOptions = new SslClientAuthenticationOptions
            {
                TargetHost = options.ServerName.Length > 0 ? options.ServerName : _pods.IdnHost,
                RemoteCertificateValidationCallback = Accept,
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
                    VerificationFlags = X509VerificationFlags.AllFlags,
                },
            },
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The pods, at most half a poll interval old; <paramref name="fresh"/>: asked for just now.</summary>
    /// <exception cref="AttestorException">There is no answer that can be used.</exception>
    public Task<NodePods> PodsAsync(bool fresh, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!fresh && _last is { } last && _time.GetElapsedTime(last.At) < _options.PollInterval / 2)
            {
                return Task.FromResult(last.Pods);
            }

            // It is bounded by its own time, not by that of whoever came first.
            if (_asking is null || _asking.IsCompleted)
            {
                _asking = AskAsync();
            }

            return _asking.WaitAsync(cancellationToken);
        }
    }

    public void Dispose()
    {
        _ending.Cancel();
        _http.Dispose();
        _ending.Dispose();
    }

    private async Task<NodePods> AskAsync()
    {
        var token = _pods.Scheme == Uri.UriSchemeHttps && _options.TokenFile.Length > 0 ? await ReadTokenAsync() : null;
        _distrust = null;
        PodList list;
        try
        {
            list = await BoundedJson.GetAsync(_http, _pods, token, KubeletJson.Default.PodList, _options.MaxBodyBytes, _options.Timeout, _time, _ending.Token)
                ?? throw new AttestorException("refused", $"{_pods} answered 404");
        }
        catch (AttestorException) when (_distrust is { } distrust)
        {
            throw new AttestorException("untrusted", $"the kubelet at {_pods} was not believed: {distrust} (workloads.k8s.caFile, serverName)");
        }

        var pods = new NodePods(list);
        lock (_gate)
        {
            _last = (pods, _time.GetTimestamp());
        }

        return pods;
    }

    private async Task<string> ReadTokenAsync()
    {
        try
        {
            if (new FileInfo(_options.TokenFile).Length > MaxTokenBytes)
            {
                throw new AttestorException("no_token", $"{_options.TokenFile} is too large for a token");
            }

            var token = (await File.ReadAllTextAsync(_options.TokenFile, Encoding.ASCII, _ending.Token)).Trim();
            return token.Length > 0 && token.All(c => c is > ' ' and < '\u007f') ? token : throw new AttestorException("no_token", $"{_options.TokenFile} holds no token");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new AttestorException("no_token", failure.Message, failure);
        }
    }

    private bool Accept(object sender, X509Certificate? leaf, X509Chain? sent, SslPolicyErrors errors)
    {
        _distrust = leaf is null ? "it showed no certificate" : _options.SkipVerification ? null : Judge(leaf, sent);
        return _distrust is null;
    }

    private string? Judge(X509Certificate leaf, X509Chain? sent)
    {
        // Asked for here: a policy that leaves the verdict to this code leaves out the name as well.
        using var certificate = X509CertificateLoader.LoadCertificate(leaf.GetRawCertData());
        if (_options.ServerName.Length > 0 && !certificate.MatchesHostname(_options.ServerName, allowCommonName: false))
        {
            return $"its certificate is not for {_options.ServerName}";
        }

        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        (policy.TrustMode, policy.RevocationMode, policy.DisableCertificateDownloads) = (X509ChainTrustMode.CustomRootTrust, X509RevocationMode.NoCheck, true);
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        (policy.VerificationTimeIgnored, policy.VerificationTime) = (false, _time.GetUtcNow().UtcDateTime);
        policy.ExtraStore.AddRange(sent?.ChainPolicy.ExtraStore ?? []);
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(_options.CaFile);
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return $"{_options.CaFile} cannot be used: {failure.Message}";
        }

        return chain.Build(certificate) ? null : string.Join(", ", chain.ChainStatus.Select(status => status.Status).Distinct());
    }
}
