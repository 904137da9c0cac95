using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// A root authority as stored, from the intent on: first only <see cref="KeyName"/>, then the key that was made under it, then the TBS that the
/// key will sign, last the certificate. What is set is never replaced, so that a retry signs those very bytes; only a name under which no key was
/// made gives way to another.
/// </summary>
public sealed record RootAuthority : StoredForm
{
    public required string KeyName { get; init; }

    public required string KeyAlgorithm { get; init; }

    public required AuthorityState State { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required long TtlSeconds { get; init; }

    public bool NameConstraints { get; init; }

    public string? KeyReference { get; init; }

    public byte[]? SubjectPublicKeyInfo { get; init; }

    public string? AuthorityId { get; init; }

    public byte[]? Tbs { get; init; }

    public byte[]? CertificateDer { get; init; }

    /// <summary>Where an outside CA certifies the root: the certificates above its own, nearest first, the outside root last.</summary>
    public ImmutableArray<byte[]>? Upstream { get; init; }

    /// <summary>The signed part of the request for an outside CA, before the key signs it.</summary>
    public byte[]? RequestInfo { get; init; }

    /// <summary>The request (PKCS #10) that an outside CA is handed.</summary>
    public byte[]? RequestDer { get; init; }

    public DateTimeOffset NotBefore { get; init; }

    public DateTimeOffset NotAfter { get; init; }
}
