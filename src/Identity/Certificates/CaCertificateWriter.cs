namespace MeshGrains.Identity;

/// <summary>
/// Writes CA certificates in the two halves between which a KMS signs: the signed part, and the whole with a signature put in. The same
/// profile always gives the same bytes, so that a retry signs what the recorded intent holds.
/// </summary>
public static class CaCertificateWriter
{
    private const int FixedBytes = 1024;

    /// <summary>The part to be signed (TBSCertificate), as DER.</summary>
    /// <exception cref="ArgumentException">The profile's validity is empty or its serial zero.</exception>
    public static byte[] BuildTbs(CaCertificateProfile profile)
    {
        ArgumentNullException.ThrowIfNull(profile);
        if (profile.NotBefore >= profile.NotAfter || profile.Serial == default)
        {
            throw new ArgumentException(
                $"The serial number is zero, or the validity {profile.NotBefore:u} to {profile.NotAfter:u} is empty.", nameof(profile));
        }

        var size = FixedBytes + profile.Key.Der.Length + profile.IssuerName.Length + (2 * profile.TrustDomain.Name.Length);
        var writer = new DerWriter(new byte[size]);
        var end = writer.Position;
        WriteExtensions(ref writer, profile);
        writer.Raw(profile.Key.Der.Span);
        writer.Raw(profile.SubjectName);
        X509SvidWriter.WriteValidity(ref writer, profile.NotBefore, profile.NotAfter);
        writer.Raw(profile.IssuerName.Span);
        SignatureAlgorithms.Write(ref writer, profile.SignatureAlgorithm);
        Span<byte> serial = stackalloc byte[SerialNumber.Length];
        profile.Serial.WriteBytes(serial);
        writer.Unsigned(serial);
        writer.Raw(LeafTemplate.Version);
        writer.Wrap(DerTag.Sequence, end);
        return writer.Written.ToArray();
    }

    /// <summary>What a KMS signs: the hash of the signed part under the algorithm's hash function.</summary>
    public static byte[] Digest(ReadOnlySpan<byte> tbs, SignatureAlgorithm algorithm)
    {
        Span<byte> digest = stackalloc byte[SignatureAlgorithms.MaxDigestBytes];
        return digest[..algorithm.Digest(tbs, digest)].ToArray();
    }

    /// <summary>The whole certificate as DER.</summary>
    /// <param name="tbs">The signed part, from <see cref="BuildTbs"/>.</param>
    /// <param name="algorithm">The profile's signature algorithm.</param>
    /// <param name="signature">For ECDSA the DER ECDSA-Sig-Value (see <see cref="EcdsaSignature"/> for r||s), for RSA the bytes as they are.</param>
    public static byte[] Assemble(ReadOnlySpan<byte> tbs, SignatureAlgorithm algorithm, ReadOnlySpan<byte> signature)
        => SignedDer.Assemble(tbs, algorithm, signature);

    private static void WriteExtensions(ref DerWriter writer, CaCertificateProfile profile)
    {
        var mark = writer.Position;
        if (profile.UriNameConstraint)
        {
            ExtensionWriter.PermittedUriHost(ref writer, profile.TrustDomain.Name);
        }

        ExtensionWriter.UriName(ref writer, profile.TrustDomain.Id.ToString(), critical: false);
        ExtensionWriter.AuthorityKeyIdentifier(ref writer, profile.IssuerKeyIdentifier.Span);
        ExtensionWriter.SubjectKeyIdentifier(ref writer, profile.KeyIdentifierBytes);
        ExtensionWriter.CaConstraints(ref writer, profile.PathLength);
        ExtensionWriter.CaKeyUsage(ref writer);
        writer.Wrap(DerTag.Sequence, mark);
        writer.Wrap(DerTag.ContextConstructed(3), mark);
    }
}
