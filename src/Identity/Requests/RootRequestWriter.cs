namespace MeshGrains.Identity;

/// <summary>
/// Writes the PKCS #10 request by which an outside CA is asked to certify a root's key, in the two halves between which a KMS signs. It asks for what a
/// root is: its subject, cA with path length 1, keyCertSign and cRLSign, its key identifier and the trust domain's SPIFFE ID.
/// </summary>
public static class RootRequestWriter
{
    private const int FixedBytes = 1024;

    /// <summary>The part to be signed (CertificationRequestInfo), as DER.</summary>
    /// <exception cref="ArgumentException">The key cannot be read.</exception>
    public static byte[] BuildInfo(TrustDomain trustDomain, ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        if (!PublicKeyInfo.TryRead(subjectPublicKeyInfo, out var key, out var error))
        {
            throw new ArgumentException(error, nameof(subjectPublicKeyInfo));
        }

        var writer = new DerWriter(new byte[FixedBytes + key.Der.Length + (2 * trustDomain.Name.Length)]);
        var end = writer.Position;
        ExtensionWriter.UriName(ref writer, trustDomain.Id.ToString(), critical: false);
        ExtensionWriter.SubjectKeyIdentifier(ref writer, KeyIdentifier.Of(key));
        ExtensionWriter.CaConstraints(ref writer, 1);
        ExtensionWriter.CaKeyUsage(ref writer);
        writer.Wrap(DerTag.Sequence, end);
        writer.Wrap(DerTag.Set, end);
        writer.Value(DerTag.Oid, Oid.ExtensionRequest);
        writer.Wrap(DerTag.Sequence, end);
        writer.Wrap(DerTag.ContextConstructed(0), end);
        writer.Raw(key.Der.Span);
        writer.Raw(CaCertificateProfile.RootName(trustDomain, KeyIdentifier.AuthorityId(key)));
        writer.Unsigned([0]);
        writer.Wrap(DerTag.Sequence, end);
        return writer.Written.ToArray();
    }

    /// <summary>The whole request as DER.</summary>
    /// <param name="info">The signed part, from <see cref="BuildInfo"/>.</param>
    /// <param name="algorithm">What the key signs with.</param>
    /// <param name="signature">As for <see cref="CaCertificateWriter.Assemble"/>.</param>
    public static byte[] Assemble(ReadOnlySpan<byte> info, SignatureAlgorithm algorithm, ReadOnlySpan<byte> signature)
        => SignedDer.Assemble(info, algorithm, signature);
}
