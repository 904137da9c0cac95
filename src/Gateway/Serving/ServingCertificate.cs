using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Serving;

/// <summary>
/// Keeps the gateway's own certificate fresh: got as soon as there is an issuing CA, again at half life and whenever the CA changes.
/// Each has a new key. A failure leaves the one in use; after a restart that is the one saved last, until it ends.
/// </summary>
internal sealed class ServingCertificate : IHostedService, IReadinessCheck, IDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);

    private readonly IGatewayCertificateIssuer _issuer;
    private readonly ServingTls _tls;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly IRandomSource _random;
    private readonly ILogger<ServingCertificate> _logger;
    private readonly IServingCertificateStore? _store;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private TimeSpan _retry = FirstRetry;
    private string? _problem = "The gateway's certificate has not been asked for yet.";
    private X509Certificate2? _previous;
    private X509Certificate2? _inUse;

    public ServingCertificate(
        IGatewayCertificateIssuer issuer, ServingTls tls, IOptions<GatewayOptions> options, TimeProvider time, IRandomSource random,
        ILogger<ServingCertificate> logger, IServingCertificateStore? store = null)
    {
        (_issuer, _tls, _options, _time, _random, _logger, _store) = (issuer, tls, options.Value, time, random, logger, store);
        _timer = time.CreateTimer(static state => _ = ((ServingCertificate)state!).RefreshAsync(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public string Name => "serving-certificate";

    /// <summary>Null while a certificate in its time is served.</summary>
    public string? NotReadyReason => Current is { } current
        ? current.NotAfter > _time.GetUtcNow() ? null : $"The gateway's certificate ended at {current.NotAfter:u}: {_problem}"
        : _problem;

    public GatewayCertificate? Current { get; private set; }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _issuer.IssuerChanged += OnIssuerChanged;
        UseSaved();

        // Not awaited: without a CA the listeners still start and say why.
        _ = RefreshAsync();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _issuer.IssuerChanged -= OnIssuerChanged;
        await _stopping.CancelAsync();
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _issuer.IssuerChanged -= OnIssuerChanged;
        _timer.Dispose();
        _stopping.Dispose();
        _turn.Dispose();
        _previous?.Dispose();
        _inUse?.Dispose();
    }

    /// <summary>Gets a certificate now. Never throws: a failure is logged, told by readiness and tried again.</summary>
    internal async Task RefreshAsync()
    {
        try
        {
            await _turn.WaitAsync(_stopping.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            return;
        }

        try
        {
            await IssueAsync(_stopping.Token);
            _retry = FirstRetry;
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The process ends.
        }
        catch (Exception e)
        {
            TryLater(e);
        }
        finally
        {
            _turn.Release();
        }
    }

    private void OnIssuerChanged() => _ = RefreshAsync();

    private async Task IssueAsync(CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new GatewayCertificateRequest(
            key.ExportSubjectPublicKeyInfo(), _options.EffectiveDnsNames, _options.EffectiveIpAddresses)
        {
            Csr = CertificateSigningRequestWriter.Write(key),
        };
        var issued = await _issuer.IssueAsync(request, cancellationToken);

        using var leaf = X509CertificateLoader.LoadCertificate(issued.LeafDer);
        var withKey = leaf.CopyWithPrivateKey(key);
        var issuers = new X509Certificate2Collection();
        foreach (var der in issued.IssuersDer)
        {
            issuers.Add(X509CertificateLoader.LoadCertificate(der));
        }

        Use(withKey, issuers);
        Current = issued;
        _problem = null;
        Save(key, withKey, issuers);

        var now = _time.GetUtcNow();
        var renewIn = (issued.NotAfter - now) / 2 * _random.NextJitter(0.1);
        Schedule(renewIn);
        ServingLog.CertificateInUse(_logger, issued.SpiffeId, issued.Serial, issued.NotAfter, now + renewIn);
    }

    private void Use(X509Certificate2 withKey, X509Certificate2Collection issuers)
    {
        _tls.Use(SslStreamCertificateContext.Create(withKey, issuers, offline: true));

        // Handshakes under way may still hold the last one; the one before it has no user left.
        _previous?.Dispose();
        (_previous, _inUse) = (_inUse, withKey);
    }

    private void UseSaved()
    {
        try
        {
            if (_store?.Load() is not { } pem)
            {
                return;
            }

            var saved = X509Certificate2.CreateFromPem(pem, pem);
            if (saved.NotAfter.ToUniversalTime() <= _time.GetUtcNow().UtcDateTime)
            {
                saved.Dispose();
                return;
            }

            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pem);
            chain.RemoveAt(0);
            Use(saved, chain);
            ServingLog.SavedCertificateInUse(_logger, saved.NotAfter.ToUniversalTime());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            // Only a convenience: the next one is asked for anyway.
            ServingLog.SavedCertificateUnusable(_logger, e.Message);
        }
    }

    private void Save(ECDsa key, X509Certificate2 leaf, X509Certificate2Collection issuers)
    {
        try
        {
            _store?.Save(string.Join('\n', [key.ExportPkcs8PrivateKeyPem(), leaf.ExportCertificatePem(), .. issuers.Select(issuer => issuer.ExportCertificatePem()), ""]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ServingLog.CertificateNotSaved(_logger, e.Message);
        }
    }

    private void TryLater(Exception problem)
    {
        var delay = _retry * _random.NextJitter(0.1);
        _retry = _retry * 2 < LastRetry ? _retry * 2 : LastRetry;
        if (problem is GrainOperationException or IssuanceLogUnavailableException)
        {
            _problem = problem.Message;
            // Before the first certificate this is the ordinary order of a start, which /readyz tells; afterwards it is a worry.
            ServingLog.CertificateRefused(_logger, _tls.HasCertificate ? LogLevel.Warning : LogLevel.Debug, problem.Message, delay);
        }
        else
        {
            _problem = "Making the gateway's certificate failed; the log tells why.";
            ServingLog.CertificateFailed(_logger, problem, delay);
        }

        Schedule(delay);
    }

    private void Schedule(TimeSpan delay)
    {
        if (!_stopping.IsCancellationRequested)
        {
            _timer.Change(delay > TimeSpan.Zero ? delay : FirstRetry, Timeout.InfiniteTimeSpan);
        }
    }
}
