using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Silo;

/// <summary>Member clusters' bootstrap CAs in PEM files, read at each request: they are rare, and a changed file counts at once.</summary>
internal sealed class MemberSiloAnchors(string trustDomain) : IMemberSiloAnchors
{
    private const int MaxBytes = 256 * 1024;

    public SpiffeBundle Of(MemberClusterOptions member)
    {
        try
        {
            if (new FileInfo(member.SiloCaFile).Length > MaxBytes)
            {
                throw new FormatException("it is too large for a few certificates.");
            }

            return PemBundle.TryRead(File.ReadAllText(member.SiloCaFile), out var certificates, out var error)
                ? new SpiffeBundle(BootstrapNames.TrustDomainOf(trustDomain)).WithX509Authorities(certificates.Select(certificate => (ReadOnlyMemory<byte>)certificate.Der))
                : throw new FormatException(error);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new GrainOperationException(
                RefusalCode.Unavailable, "member_anchors", $"authority.clusters: the siloCaFile of '{member.Name}', {member.SiloCaFile}, cannot be used: {failure.Message}");
        }
    }
}
