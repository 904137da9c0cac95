namespace MeshGrains.Identity;

/// <summary>The fixed fields of a certificate (RFC 5280 section 4.1).</summary>
internal sealed class CertificateFields
{
    private const int MaxSerialBytes = 20;

    public ReadOnlyMemory<byte> Tbs { get; private init; }

    public ReadOnlyMemory<byte> Serial { get; private init; }

    public ReadOnlyMemory<byte> Issuer { get; private init; }

    public ReadOnlyMemory<byte> Subject { get; private init; }

    public Validity Validity { get; private init; }

    public PublicKeyInfo Key { get; private init; }

    public SignatureAlgorithm Algorithm { get; private init; }

    public ReadOnlyMemory<byte> Signature { get; private init; }

    /// <summary>Gives why not, or null; the extensions are left as the contents of their SEQUENCE, empty when there are none.</summary>
    public static string? Read(ReadOnlyMemory<byte> der, out CertificateFields fields, out ReadOnlyMemory<byte> extensions)
    {
        fields = null!;
        extensions = default;
        var outer = new DerReader(der.Span);
        if (!outer.TryEnter(DerTag.Sequence, out var body) || !outer.AtEnd)
        {
            return "The certificate is not a DER SEQUENCE, or something follows it.";
        }

        var tbsStart = body.Position;
        if (!body.TryEnter(DerTag.Sequence, out var tbs))
        {
            return "The certificate's signed part is not well-formed.";
        }

        var tbsEnd = body.Position;
        var outerAlgorithmStart = body.Position;
        if (!SignatureAlgorithms.TryRead(ref body, out var algorithm))
        {
            return "The certificate's signature algorithm is not well-formed.";
        }

        var outerAlgorithm = der[outerAlgorithmStart..body.Position];
        if (!body.TryReadBitString(out var signature) || !body.AtEnd)
        {
            return "The certificate's signature is not well-formed.";
        }

        if (!tbs.TryEnter(DerTag.ContextConstructed(0), out var versionField) || !versionField.TryReadInt32(out var version)
            || !versionField.AtEnd || version != 2)
        {
            return "The certificate is not of version 3.";
        }

        if (!tbs.TryReadUnsigned(out var serial) || der[serial].Length > MaxSerialBytes)
        {
            return $"The certificate's serial number is not one of at most {MaxSerialBytes} bytes.";
        }

        if (!tbs.TryReadWhole(DerTag.Sequence, out var innerAlgorithm) || !der[innerAlgorithm].Span.SequenceEqual(outerAlgorithm.Span))
        {
            return "The certificate names two different signature algorithms.";
        }

        if (!tbs.TryReadWhole(DerTag.Sequence, out var issuer)
            || !TryReadValidity(ref tbs, out var validity)
            || !tbs.TryReadWhole(DerTag.Sequence, out var subject))
        {
            return "The certificate's names or validity are not well-formed.";
        }

        if (!PublicKeyInfo.TryRead(ref tbs, der, out var key))
        {
            return "The certificate's public key is not well-formed.";
        }

        if (!SkipUniqueIds(ref tbs) || !TryFindExtensions(ref tbs, der, out extensions))
        {
            return "The certificate's signed part has something malformed after the public key.";
        }

        fields = new CertificateFields
        {
            Tbs = der[tbsStart..tbsEnd],
            Serial = der[serial],
            Issuer = der[issuer],
            Subject = der[subject],
            Validity = validity,
            Key = key,
            Algorithm = algorithm,
            Signature = der[signature],
        };
        return null;
    }

    private static bool TryReadValidity(ref DerReader tbs, out Validity validity)
    {
        validity = default;
        if (!tbs.TryEnter(DerTag.Sequence, out var times) || !DerTime.TryRead(ref times, out var from) || !DerTime.TryRead(ref times, out var to))
        {
            return false;
        }

        validity = new Validity(from, to);
        return times.AtEnd;
    }

    private static bool SkipUniqueIds(ref DerReader tbs)
        => (!tbs.Sees(DerTag.Context(1)) || tbs.TryRead(DerTag.Context(1), out Range _))
            && (!tbs.Sees(DerTag.Context(2)) || tbs.TryRead(DerTag.Context(2), out Range _));

    private static bool TryFindExtensions(ref DerReader tbs, ReadOnlyMemory<byte> der, out ReadOnlyMemory<byte> extensions)
    {
        extensions = default;
        if (tbs.AtEnd)
        {
            return true;
        }

        if (!tbs.TryEnter(DerTag.ContextConstructed(3), out var field) || !tbs.AtEnd
            || !field.TryRead(DerTag.Sequence, out Range list) || !field.AtEnd || list.Start.Value == list.End.Value)
        {
            return false;
        }

        extensions = der[list];
        return true;
    }
}
