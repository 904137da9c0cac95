using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>One numbered bundle of one trust domain, in the bytes that are published. Immutable.</summary>
public sealed class PublishedBundle
{
    private readonly byte[] _pem;
    private readonly byte[] _spiffe;

    /// <exception cref="ArgumentException">The bundle has no number, or no X.509 authority: neither is ever published.</exception>
    public PublishedBundle(SpiffeBundle bundle)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        if (bundle.Sequence is not { } number || number > long.MaxValue || bundle.X509Authorities.Count == 0)
        {
            throw new ArgumentException("A bundle without a number or without X.509 authorities is not published.", nameof(bundle));
        }

        TrustDomain = bundle.TrustDomain.Name;
        Number = (long)number;
        _pem = Encoding.ASCII.GetBytes(bundle.ToPem());
        _spiffe = bundle.WriteJwks();
    }

    public string TrustDomain { get; }

    public long Number { get; }

    /// <summary>The whole content in that format; the same bundle gives the same bytes on every silo.</summary>
    public ReadOnlyMemory<byte> In(BundleFormat format) => format == BundleFormat.Pem ? _pem : _spiffe;

    public string TextIn(BundleFormat format) => Encoding.UTF8.GetString(In(format).Span);
}
