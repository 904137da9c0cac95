using System.Collections.Immutable;
using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Svids;

/// <summary>An X.509-SVID with its key, as workloads get it. <paramref name="Key"/> is PKCS #8 DER; it lives in this process's memory alone.</summary>
internal sealed record WorkloadSvid(
    string EntryId, string SpiffeId, ImmutableArray<ReadOnlyMemory<byte>> Chain, byte[] Key, string IssuerAuthorityId, DateTimeOffset NotAfter,
    DateTimeOffset RenewAt)
{
    /// <summary>The chain as DER certificates one after another.</summary>
    public byte[] ChainDer => Concatenate(Chain);

    public string ChainPem => PemWriter.EncodeCertificates(Chain);

    public string KeyPem => PemWriter.Encode("PRIVATE KEY", Key);

    public byte[] ChainPemBytes => Encoding.ASCII.GetBytes(ChainPem);

    public byte[] KeyPemBytes => Encoding.ASCII.GetBytes(KeyPem);

    public static byte[] Concatenate(IEnumerable<ReadOnlyMemory<byte>> parts)
    {
        using var all = new MemoryStream();
        foreach (var part in parts)
        {
            all.Write(part.Span);
        }

        return all.ToArray();
    }

    /// <summary>Never the key.</summary>
    public override string ToString() => $"{SpiffeId} until {NotAfter:O}";
}
