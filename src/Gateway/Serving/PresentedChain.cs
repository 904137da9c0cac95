using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Gateway.Serving;

/// <summary>What the other side of a handshake sent: DER, leaf first.</summary>
internal static class PresentedChain
{
    public static IReadOnlyList<byte[]> Of(X509Certificate leaf, X509Chain? chain)
    {
        var extra = chain?.ChainPolicy.ExtraStore;
        var ders = new List<byte[]>(1 + (extra?.Count ?? 0)) { leaf.GetRawCertData() };
        foreach (var certificate in extra ?? [])
        {
            ders.Add(certificate.RawData);
        }

        return ders;
    }
}
