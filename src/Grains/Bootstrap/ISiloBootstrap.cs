using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>
/// This silo's bootstrap identity: the key and certificate that a bootstrap CA gave it, apart from every trust bundle. Certificates carry
/// <c>spiffe://bootstrap.{trustDomain}/silo/{name}</c> or <c>…/authority/{name}</c>. Implementations reload changed files.
/// </summary>
public interface ISiloBootstrap
{
    /// <summary>DER certificates, leaf first, without the anchor.</summary>
    IReadOnlyList<byte[]> Chain { get; }

    /// <summary>The anchors that silo certificates must chain to, as the bundle of the bootstrap trust domain.</summary>
    SpiffeBundle Anchors { get; }

    /// <summary>ECDSA P-256 over SHA-256 of the statement, DER.</summary>
    byte[] Sign(ReadOnlySpan<byte> statement);
}
