using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>The outside CA that certifies a root, where there is one.</summary>
public interface IUpstreamCa
{
    UpstreamMode Mode { get; }

    /// <summary>The outside CA's own certificate, and those above it up to its root. For <see cref="UpstreamMode.Disk"/> alone.</summary>
    /// <exception cref="UpstreamException">It cannot be used; the text says what to do.</exception>
    IReadOnlyList<ParsedCertificate> Chain();

    /// <summary>Signs a certificate's signed part; gives the whole certificate. For <see cref="UpstreamMode.Disk"/> alone.</summary>
    /// <inheritdoc cref="Chain" path="/exception"/>
    byte[] Sign(ReadOnlySpan<byte> tbs);
}
