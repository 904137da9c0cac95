using System.Buffers;
using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>
/// Writes and signs X509-SVID leaves (SPIFFE X509-SVID sections 2 to 4): one URI name, an empty subject and therefore a critical alternative
/// name, critical key usage and basic constraints, both extended key usages, the subject key identifier of RFC 7093 method 1 and the
/// authority key identifier by key id. Thread-safe.
/// </summary>
public static class X509SvidWriter
{
    /// <summary>The most DNS names, and the most IP addresses, in one leaf.</summary>
    public const int MaxNames = 100;

    private const int StackBytes = 2048;

    /// <summary>Room for everything whose length does not depend on the request or the issuer.</summary>
    private const int FixedBytes = 384;

    private const int PerNameBytes = 4 + 16;

    /// <summary>Writes the certificate and signs it with the issuer's key. Gives DER.</summary>
    /// <exception cref="ArgumentException">The request does not make an SVID under this issuer; the message says why.</exception>
    public static byte[] Issue(Issuer issuer, in X509SvidRequest request)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        var key = Check(issuer, request);
        var size = UpperBound(issuer, request);
        byte[]? rented = null;
        var buffer = size <= StackBytes ? stackalloc byte[StackBytes] : rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var writer = new DerWriter(buffer);
            WriteTbs(ref writer, issuer, request, key);
            return Sign(issuer, writer.Written);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <summary>The part that is signed, alone.</summary>
    internal static byte[] BuildTbs(Issuer issuer, in X509SvidRequest request)
    {
        var writer = new DerWriter(new byte[UpperBound(issuer, request)]);
        WriteTbs(ref writer, issuer, request, Check(issuer, request));
        return writer.Written.ToArray();
    }

    private static byte[] Sign(Issuer issuer, ReadOnlySpan<byte> tbs)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(tbs, digest);
        Span<byte> signature = stackalloc byte[IssuerKey.MaxSignatureBytes];
        var signatureLength = issuer.Key.SignDigest(digest, signature);

        Span<byte> tail = stackalloc byte[96];
        var writer = new DerWriter(tail);
        writer.BitString(signature[..signatureLength]);
        writer.Raw(LeafTemplate.EcdsaSha256);

        var contentLength = tbs.Length + writer.Written.Length;
        Span<byte> head = stackalloc byte[8];
        var headLength = DerWriter.WriteHead(DerTag.Sequence, contentLength, head);
        var der = GC.AllocateUninitializedArray<byte>(headLength + contentLength);
        head[..headLength].CopyTo(der);
        tbs.CopyTo(der.AsSpan(headLength));
        writer.Written.CopyTo(der.AsSpan(headLength + tbs.Length));
        return der;
    }

    private static void WriteTbs(ref DerWriter writer, Issuer issuer, in X509SvidRequest request, in PublicKeyInfo key)
    {
        var end = writer.Position;
        WriteNames(ref writer, request);
        writer.Raw(issuer.AuthorityKeyIdentifierExtension);
        Span<byte> identifier = stackalloc byte[KeyIdentifier.Length];
        KeyIdentifier.Write(key.KeyBits.Span, identifier);
        writer.Raw(identifier);
        writer.Raw(LeafTemplate.SubjectKeyIdentifierHead);
        writer.Raw(key.Kind == KeyKind.Rsa ? LeafTemplate.UsagesOfRsaKey : LeafTemplate.UsagesOfEcKey);
        writer.Wrap(DerTag.Sequence, end);
        writer.Wrap(DerTag.ContextConstructed(3), end);
        writer.Raw(key.Der.Span);
        writer.Raw(LeafTemplate.EmptyName);
        WriteValidity(ref writer, request.NotBefore, request.NotAfter);
        writer.Raw(issuer.AlgorithmAndName);
        Span<byte> serial = stackalloc byte[SerialNumber.Length];
        request.Serial.WriteBytes(serial);
        writer.Unsigned(serial);
        writer.Raw(LeafTemplate.Version);
        writer.Wrap(DerTag.Sequence, end);
    }

    internal static void WriteValidity(ref DerWriter writer, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        var mark = writer.Position;
        DerTime.Write(ref writer, notAfter);
        DerTime.Write(ref writer, notBefore);
        writer.Wrap(DerTag.Sequence, mark);
    }

    private static void WriteNames(ref DerWriter writer, in X509SvidRequest request)
    {
        var mark = writer.Position;
        Span<byte> address = stackalloc byte[16];
        for (var i = request.IpAddresses.Count - 1; i >= 0; i--)
        {
            request.IpAddresses[i].TryWriteBytes(address, out var written);
            writer.Value(DerTag.Context((int)GeneralNameKind.Ip), address[..written]);
        }

        for (var i = request.DnsNames.Count - 1; i >= 0; i--)
        {
            writer.Ascii(DerTag.Context((int)GeneralNameKind.Dns), request.DnsNames[i]);
        }

        writer.Ascii(DerTag.Context((int)GeneralNameKind.Uri), request.Id.ToString());
        writer.Wrap(DerTag.Sequence, mark);
        ExtensionWriter.Finish(ref writer, mark, Oid.SubjectAlternativeName, critical: true);
    }

    private static PublicKeyInfo Check(Issuer issuer, in X509SvidRequest request)
    {
        if (!request.Id.IsMemberOf(issuer.TrustDomain))
        {
            throw new ArgumentException($"{request.Id} is not of trust domain '{issuer.TrustDomain}', which the issuer signs for.", nameof(request));
        }

        if (request.Id.Path.Length == 0)
        {
            throw new ArgumentException($"{request.Id} has no path; it names the trust domain, not a workload.", nameof(request));
        }

        if (request.Serial == default)
        {
            throw new ArgumentException("The serial number is zero.", nameof(request));
        }

        if (request.NotBefore >= request.NotAfter || Validity.WholeSeconds(request.NotAfter) > issuer.NotAfter)
        {
            throw new ArgumentException(
                $"The validity {request.NotBefore:u} to {request.NotAfter:u} is empty or ends after the issuer's at {issuer.NotAfter:u}.", nameof(request));
        }

        if (request.DnsNames.Count > MaxNames || request.IpAddresses.Count > MaxNames)
        {
            throw new ArgumentException($"At most {MaxNames} DNS names and as many IP addresses go into one certificate.", nameof(request));
        }

        for (var i = 0; i < request.DnsNames.Count; i++)
        {
            if (!DnsName.IsValid(request.DnsNames[i]))
            {
                throw new ArgumentException($"'{request.DnsNames[i]}' is not a DNS name.", nameof(request));
            }
        }

        if (!PublicKeyInfo.TryRead(request.SubjectPublicKeyInfo, out var key, out var error) || key.Kind == KeyKind.Other)
        {
            throw new ArgumentException(error ?? "The public key is of a kind that is not certified.", nameof(request));
        }

        return key;
    }

    private static int UpperBound(Issuer issuer, in X509SvidRequest request)
    {
        var size = FixedBytes + issuer.AlgorithmAndName.Length + issuer.AuthorityKeyIdentifierExtension.Length
            + request.SubjectPublicKeyInfo.Length + request.Id.ToString().Length + (request.IpAddresses.Count * PerNameBytes);
        for (var i = 0; i < request.DnsNames.Count; i++)
        {
            size += request.DnsNames[i].Length + PerNameBytes;
        }

        return size;
    }
}
