using System.Globalization;
using System.Text;
using MeshGrains.Gateway.Serving;

namespace MeshGrains.Gateway.Federation;

/// <summary>Our trust bundle in the forms in which it is served, made once for each number.</summary>
internal sealed class BundleDocument(IClientTrust trust)
{
    private static readonly TimeSpan DefaultRefreshHint = TimeSpan.FromMinutes(5);

    // The last bundle shown, ready to send.
    private volatile Rendered? _rendered;

    /// <summary>The newest; null while there is none.</summary>
    public Rendered? Newest()
    {
        var rendered = _rendered;
        if (trust.Bundle is not { Sequence: { } number } bundle || (rendered is not null && rendered.Number == number))
        {
            return rendered;
        }

        var seconds = (long)(bundle.RefreshHint ?? DefaultRefreshHint).TotalSeconds;
        return _rendered = new Rendered(
            number,
            $"\"{bundle.TrustDomain.Name}-{number.ToString(CultureInfo.InvariantCulture)}\"",
            $"public, max-age={seconds.ToString(CultureInfo.InvariantCulture)}",
            bundle.WriteJwks(),
            Encoding.ASCII.GetBytes(bundle.ToPem()));
    }

    internal sealed record Rendered(ulong Number, string Tag, string CacheControl, byte[] Jwks, byte[] Pem);
}
