using System.Net.Security;
using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>What a client shows and what it trusts, at one moment; <paramref name="Federated"/> are bundles of foreign trust domains.</summary>
internal sealed record ClientIdentity(
    string Serial, SslStreamCertificateContext Certificate, SpiffeBundle Bundle, IReadOnlyDictionary<TrustDomain, SpiffeBundle>? Federated = null)
{
    /// <summary>The one bundle that certificates of <paramref name="trustDomain"/> are judged by; null when there is none.</summary>
    public SpiffeBundle? BundleOf(TrustDomain trustDomain) => trustDomain == Bundle.TrustDomain ? Bundle : Federated?.GetValueOrDefault(trustDomain);
}
