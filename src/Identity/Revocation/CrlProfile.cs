namespace MeshGrains.Identity;

/// <summary>
/// What a certificate revocation list says: complete for its issuer, so that it needs no issuing distribution point. Times are whole seconds.
/// <paramref name="Number"/> grows from list to list.
/// </summary>
public sealed record CrlProfile(
    ReadOnlyMemory<byte> IssuerName, ReadOnlyMemory<byte> IssuerKeyIdentifier, SignatureAlgorithm SignatureAlgorithm, long Number, DateTimeOffset ThisUpdate,
    DateTimeOffset NextUpdate, IReadOnlyList<RevokedCertificate> Revoked)
{
    /// <summary>A list of the CA of this certificate; the algorithm is one that its key signs with.</summary>
    public static CrlProfile Of(
        ParsedCertificate issuer, SignatureAlgorithm algorithm, long number, DateTimeOffset thisUpdate, DateTimeOffset nextUpdate, IReadOnlyList<RevokedCertificate> revoked) =>
        new(issuer.SubjectName, issuer.SubjectKeyIdentifier, algorithm, number, Validity.WholeSeconds(thisUpdate), Validity.WholeSeconds(nextUpdate), revoked);
}
