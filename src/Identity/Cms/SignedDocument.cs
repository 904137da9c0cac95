using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>
/// A document inside PKCS #7 signed data (RFC 5652 section 5), by one RSA signer with SHA-256 and signed attributes, as clouds sign what tells of an
/// instance. Read as BER, for that is how they write it. Certificates that came along are passed over: who signed is for the reader to know.
/// </summary>
public sealed class SignedDocument
{
    /// <summary>The longest message that is read, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    private const string SignedData = "1.2.840.113549.1.7.2";
    private const string Data = "1.2.840.113549.1.7.1";
    private const string Sha256 = "2.16.840.1.101.3.4.2.1";
    private const string Rsa = "1.2.840.113549.1.1.1";
    private const string RsaWithSha256 = "1.2.840.113549.1.1.11";
    private const string ContentType = "1.2.840.113549.1.9.3";
    private const string MessageDigest = "1.2.840.113549.1.9.4";
    private const byte SetTag = 0x31;

    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag Context1 = new(TagClass.ContextSpecific, 1);

    private readonly byte[] _attributes;
    private readonly byte[] _signature;

    private SignedDocument(byte[] content, string issuerAndSerial, byte[] attributes, byte[] signature) =>
        (Content, SignerSerial, _attributes, _signature) = (content, issuerAndSerial, attributes, signature);

    /// <summary>What is signed; worth nothing before <see cref="IsSignedBy"/>.</summary>
    public byte[] Content { get; }

    /// <summary>The serial number of the certificate that the signer names, lowercase hex without leading zero bytes.</summary>
    public string SignerSerial { get; }

    /// <summary>False when it is no such message; the digest of the content has been compared then, the signature not.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> message, [NotNullWhen(true)] out SignedDocument? document)
    {
        document = null;
        try
        {
            document = message.Length <= MaxBytes ? Read(message) : null;
            return document is not null;
        }
        catch (Exception malformed) when (malformed is AsnContentException or InvalidOperationException or OverflowException)
        {
            return false;
        }
    }

    /// <summary>Whether this key made the signature.</summary>
    public bool IsSignedBy(RSA key)
    {
        ArgumentNullException.ThrowIfNull(key);
        try
        {
            return key.VerifyData(_attributes, _signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static SignedDocument? Read(ReadOnlyMemory<byte> message)
    {
        var outer = new AsnReader(message, AsnEncodingRules.BER);
        var contentInfo = outer.ReadSequence();
        if (outer.HasData || contentInfo.ReadObjectIdentifier() != SignedData)
        {
            return null;
        }

        var signedData = contentInfo.ReadSequence(Context0).ReadSequence();
        signedData.ReadInteger();
        signedData.ReadEncodedValue();
        var encapsulated = signedData.ReadSequence();
        if (encapsulated.ReadObjectIdentifier() != Data || !encapsulated.HasData)
        {
            return null;
        }

        var content = encapsulated.ReadSequence(Context0).ReadOctetString();
        foreach (var optional in new[] { Context0, Context1 })
        {
            if (signedData.PeekTag().HasSameClassAndValue(optional))
            {
                signedData.ReadEncodedValue();
            }
        }

        var signers = signedData.ReadSetOf(skipSortOrderValidation: true);
        var signer = signers.ReadSequence();
        return signers.HasData ? null : ReadSigner(signer, content);
    }

    private static SignedDocument? ReadSigner(AsnReader signer, byte[] content)
    {
        signer.ReadInteger();
        if (!signer.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            return null;
        }

        var named = signer.ReadSequence();
        named.ReadEncodedValue();
        var serial = named.ReadInteger();
        if (serial <= BigInteger.Zero || signer.ReadSequence().ReadObjectIdentifier() != Sha256 || !signer.PeekTag().HasSameClassAndValue(Context0))
        {
            return null;
        }

        // What is signed is their DER as a SET; a length that is told only at the end is no DER.
        var attributes = signer.PeekEncodedValue().ToArray();
        if (attributes[1] == 0x80 || !AreAttributesOf(signer.ReadSetOf(skipSortOrderValidation: true, Context0), content))
        {
            return null;
        }

        attributes[0] = SetTag;
        return signer.ReadSequence().ReadObjectIdentifier() is Rsa or RsaWithSha256
            ? new SignedDocument(content, Convert.ToHexStringLower(serial.ToByteArray(isUnsigned: true, isBigEndian: true)), attributes, signer.ReadOctetString())
            : null;
    }

    /// <summary>Both attributes that RFC 5652 section 5.3 asks for, each once, and the digest is the content's.</summary>
    private static bool AreAttributesOf(AsnReader attributes, byte[] content)
    {
        var (types, digests) = (0, 0);
        while (attributes.HasData)
        {
            var attribute = attributes.ReadSequence();
            var kind = attribute.ReadObjectIdentifier();
            var values = attribute.ReadSetOf(skipSortOrderValidation: true);
            switch (kind)
            {
                case ContentType when values.ReadObjectIdentifier() == Data:
                    types++;
                    break;
                case MessageDigest when CryptographicOperations.FixedTimeEquals(values.ReadOctetString(), SHA256.HashData(content)):
                    digests++;
                    break;
                case ContentType or MessageDigest:
                    return false;
            }
        }

        return (types, digests) == (1, 1);
    }
}
