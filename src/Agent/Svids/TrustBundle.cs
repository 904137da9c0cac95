using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Svids;

/// <summary>The roots and JWT keys of one trust domain at one number, in the forms in which they are handed out.</summary>
internal sealed class TrustBundle
{
    public TrustBundle(SpiffeBundle bundle, long number)
    {
        (Bundle, Number) = (bundle, number);
        Der = WorkloadSvid.Concatenate(bundle.X509Authorities.Select(root => root.Der));
        Pem = bundle.ToPem();
        PemBytes = Encoding.ASCII.GetBytes(Pem);
        JwtKeys = JwtKeySet.Write(bundle.JwtAuthorities);
    }

    public SpiffeBundle Bundle { get; }

    public TrustDomain TrustDomain => Bundle.TrustDomain;

    public long Number { get; }

    /// <summary>DER certificates one after another.</summary>
    public byte[] Der { get; }

    /// <summary>The JWT keys as a JWK Set, UTF-8.</summary>
    public byte[] JwtKeys { get; }

    public string Pem { get; }

    public byte[] PemBytes { get; }
}
