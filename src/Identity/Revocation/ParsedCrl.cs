using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Identity;

/// <summary>
/// A certificate revocation list (RFC 5280 section 5) read strictly and within bounds. Lists of another scope than all that their issuer signed (indirect ones,
/// deltas, parts) are refused: they carry a critical extension.
/// </summary>
public sealed class ParsedCrl
{
    /// <summary>The longest list that is read, in bytes.</summary>
    public const int MaxDerBytes = 8 * 1024 * 1024;

    private const int MaxSerialBytes = 20;
    private const byte Enumerated = 0x0A;

    private ParsedCrl(ReadOnlyMemory<byte> der) => Der = der;

    public ReadOnlyMemory<byte> Der { get; }

    public ReadOnlyMemory<byte> Tbs { get; private set; }

    /// <summary>The issuer's Name as DER.</summary>
    public ReadOnlyMemory<byte> IssuerName { get; private set; }

    public SignatureAlgorithm SignatureAlgorithm { get; private set; }

    public ReadOnlyMemory<byte> Signature { get; private set; }

    public DateTimeOffset ThisUpdate { get; private set; }

    public DateTimeOffset NextUpdate { get; private set; }

    /// <summary>0 when the list has none that fits.</summary>
    public long Number { get; private set; }

    /// <summary>The key identifier of who signed it; empty when it does not tell.</summary>
    public ReadOnlyMemory<byte> AuthorityKeyIdentifier { get; private set; }

    /// <summary>In the order of the list.</summary>
    public IReadOnlyList<RevokedCertificate> Revoked { get; private set; } = [];

    /// <summary>Never throws for what the bytes hold.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out ParsedCrl? crl, [NotNullWhen(false)] out string? error)
    {
        crl = null;
        if (der.Length > MaxDerBytes)
        {
            error = $"The list has {der.Length} bytes; at most {MaxDerBytes} are read.";
            return false;
        }

        var read = new ParsedCrl(der);
        error = read.Read();
        crl = error is null ? read : null;
        return error is null;
    }

    /// <summary>True when this list was signed with <paramref name="issuerKey"/>.</summary>
    public bool IsSignedBy(in PublicKeyInfo issuerKey) => SignatureVerifier.Verify(issuerKey, SignatureAlgorithm, Tbs.Span, Signature.Span);

    private string? Read()
    {
        var outer = new DerReader(Der.Span);
        if (!outer.TryEnter(DerTag.Sequence, out var body) || !outer.AtEnd)
        {
            return "The list is not a DER SEQUENCE, or something follows it.";
        }

        var start = body.Position;
        if (!body.TryEnter(DerTag.Sequence, out var tbs))
        {
            return "The list's signed part is not well-formed.";
        }

        Tbs = Der[start..body.Position];
        start = body.Position;
        if (!SignatureAlgorithms.TryRead(ref body, out var algorithm))
        {
            return "The list's signature algorithm is not well-formed.";
        }

        var outerAlgorithm = Der[start..body.Position];
        if (!body.TryReadBitString(out var signature) || !body.AtEnd)
        {
            return "The list's signature is not well-formed.";
        }

        (SignatureAlgorithm, Signature) = (algorithm, Der[signature]);
        if (!tbs.TryReadInt32(out var version) || version != 1)
        {
            return "The list is not of version 2.";
        }

        if (!tbs.TryReadWhole(DerTag.Sequence, out var inner) || !Der[inner].Span.SequenceEqual(outerAlgorithm.Span))
        {
            return "The list names two different signature algorithms.";
        }

        if (!tbs.TryReadWhole(DerTag.Sequence, out var issuer) || !DerTime.TryRead(ref tbs, out var thisUpdate) || !DerTime.TryRead(ref tbs, out var nextUpdate))
        {
            return "The list's issuer or times are not well-formed.";
        }

        (IssuerName, ThisUpdate, NextUpdate) = (Der[issuer], thisUpdate, nextUpdate);
        if (tbs.Sees(DerTag.Sequence) && ReadRevoked(ref tbs) is { } wrong)
        {
            return wrong;
        }

        return !tbs.TryEnter(DerTag.ContextConstructed(0), out var field) || !tbs.AtEnd || !field.TryEnter(DerTag.Sequence, out var extensions) || !field.AtEnd
            ? "The list has no extensions, or something follows them." : ReadExtensions(extensions);
    }

    private string? ReadRevoked(ref DerReader tbs)
    {
        const string Malformed = "A line of the list is not well-formed.";
        if (!tbs.TryEnter(DerTag.Sequence, out var list) || list.AtEnd)
        {
            return Malformed;
        }

        var revoked = new List<RevokedCertificate>();
        while (!list.AtEnd)
        {
            if (!list.TryEnter(DerTag.Sequence, out var line) || !line.TryReadUnsigned(out var serial) || Der[serial].Length > MaxSerialBytes
                || !DerTime.TryRead(ref line, out var at))
            {
                return Malformed;
            }

            var reason = CrlReason.Unspecified;
            if (!line.AtEnd && (!line.TryEnter(DerTag.Sequence, out var extensions) || !line.AtEnd || !TryReadReason(ref extensions, out reason)))
            {
                return Malformed;
            }

            revoked.Add(new RevokedCertificate(Convert.ToHexStringLower(Der[serial].Span), at, reason));
            if (revoked.Count > CrlWriter.MaxRevoked)
            {
                return $"The list names more than {CrlWriter.MaxRevoked} certificates.";
            }
        }

        Revoked = revoked;
        return null;
    }

    /// <summary>A line with a critical extension speaks of another issuer's certificate, or of what is not known here.</summary>
    private static bool TryReadReason(ref DerReader extensions, out CrlReason reason)
    {
        reason = CrlReason.Unspecified;
        while (!extensions.AtEnd)
        {
            if (!TryReadExtension(ref extensions, out var oid, out var critical, out var value) || critical)
            {
                return false;
            }

            if (oid.SequenceEqual(Oid.CrlReason))
            {
                if (!value.TryRead(Enumerated, out ReadOnlySpan<byte> code) || code.Length != 1 || !value.AtEnd)
                {
                    return false;
                }

                reason = (CrlReason)code[0];
            }
        }

        return true;
    }

    private string? ReadExtensions(DerReader extensions)
    {
        while (!extensions.AtEnd)
        {
            if (!TryReadExtension(ref extensions, out var oid, out var critical, out var value))
            {
                return "An extension of the list is not well-formed.";
            }

            if (oid.SequenceEqual(Oid.CrlNumber))
            {
                if (!value.TryReadUnsigned(out var number) || !value.AtEnd || Der[number].Length > MaxSerialBytes)
                {
                    return "The list's number is not well-formed.";
                }

                Number = NumberOf(Der[number].Span);
            }
            else if (oid.SequenceEqual(Oid.AuthorityKeyIdentifier))
            {
                // By key id; names and serials of issuers are passed over.
                if (!value.TryEnter(DerTag.Sequence, out var identifier))
                {
                    return "The list's authority key identifier is not well-formed.";
                }

                AuthorityKeyIdentifier = identifier.TryRead(DerTag.Context(0), out Range keyId) ? Der[keyId] : default;
            }
            else if (critical)
            {
                return "The list has a critical extension that is not known here: it does not speak of all that its issuer signed.";
            }
        }

        return null;
    }

    private static long NumberOf(ReadOnlySpan<byte> magnitude)
    {
        if (magnitude.Length > sizeof(long) || (magnitude.Length == sizeof(long) && magnitude[0] >= 0x80))
        {
            return 0;
        }

        Span<byte> bytes = stackalloc byte[sizeof(long)];
        bytes.Clear();
        magnitude.CopyTo(bytes[(sizeof(long) - magnitude.Length)..]);
        return BinaryPrimitives.ReadInt64BigEndian(bytes);
    }

    private static bool TryReadExtension(ref DerReader extensions, out ReadOnlySpan<byte> oid, out bool critical, out DerReader value)
    {
        oid = default;
        critical = false;
        value = default;
        return extensions.TryEnter(DerTag.Sequence, out var extension) && extension.TryRead(DerTag.Oid, out oid)
            && (!extension.Sees(DerTag.Boolean) || (extension.TryReadBoolean(out critical) && critical))
            && extension.TryEnter(DerTag.OctetString, out value) && extension.AtEnd;
    }
}
