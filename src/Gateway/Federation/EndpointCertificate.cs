using System.Diagnostics.Metrics;
using System.Net.Security;
using MeshGrains.Gateway.Acme;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Federation;

/// <summary>What the bundle endpoint shows of itself, by its profile: the gateway's SVID, a certificate from files, or one that an ACME CA gave.</summary>
internal sealed class EndpointCertificate : IReadinessCheck
{
    private readonly FederationEndpointOptions _options;
    private readonly ServingTls _serving;
    private readonly WebCertificate _files;
    private readonly AcmeCertificate _acme;
    private readonly TimeProvider _time;

    public EndpointCertificate(
        IOptions<FederationOptions> options, ServingTls serving, WebCertificate files, AcmeCertificate acme, IMeterFactory meters, TimeProvider time)
    {
        (_options, _serving, _files, _acme, _time) = (options.Value.Endpoint, serving, files, acme, time);
        if (IsWeb)
        {
            meters.Create("MeshGrains.Federation.Endpoint").CreateObservableGauge(
                "meshgrains.federation.endpoint_certificate_expiry", Left, "s", "Time until the Web PKI certificate of the bundle endpoint ends; below 0 it has ended, or there is none yet.");
        }
    }

    public string Name => "federation-certificate";

    /// <summary>Never: workloads are served without it.</summary>
    public string? NotReadyReason => null;

    public string? Note =>
        !IsWeb ? null
        : Current is not { } shown ? $"The bundle endpoint has no certificate and refuses its callers. {Why}"
        : End(shown) <= _time.GetUtcNow() ? $"The bundle endpoint's certificate ended at {End(shown):u}. {Why}"
        : _acme is { IsOn: true, Document.Failure: not null } ? Why
        : null;

    /// <summary>Null while there is none.</summary>
    public SslStreamCertificateContext? Current =>
        _options.Profile != BundleEndpointProfile.Web ? _serving.Current : _acme.IsOn ? _acme.Current : _files.Current();

    /// <summary>Why there is none, or none that is newer.</summary>
    public string Why =>
        !_acme.IsOn ? "The log tells why."
        : _acme.Document.Failure is { } failure ? $"ACME, tried again at {_acme.Document.NextAttemptAt:u}: {failure}"
        : "It is being ordered by ACME.";

    private bool IsWeb => _options is { Listen.Length: > 0, Profile: BundleEndpointProfile.Web };

    private double Left() => Current is { } shown ? (End(shown) - _time.GetUtcNow()).TotalSeconds : -1;

    private static DateTimeOffset End(SslStreamCertificateContext shown) => shown.TargetCertificate.NotAfter.ToUniversalTime();
}
