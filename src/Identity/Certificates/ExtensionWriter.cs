namespace MeshGrains.Identity;

/// <summary>Writes the extensions of RFC 5280 section 4.2. As with every use of <see cref="DerWriter"/>, the last extension is written first.</summary>
internal static class ExtensionWriter
{
    private static ReadOnlySpan<byte> True => [0xFF];

    public static void AuthorityKeyIdentifier(ref DerWriter writer, ReadOnlySpan<byte> keyIdentifier)
    {
        var mark = writer.Position;
        writer.Value(DerTag.Context(0), keyIdentifier);
        writer.Wrap(DerTag.Sequence, mark);
        Finish(ref writer, mark, Oid.AuthorityKeyIdentifier, critical: false);
    }

    public static void SubjectKeyIdentifier(ref DerWriter writer, ReadOnlySpan<byte> keyIdentifier)
    {
        var mark = writer.Position;
        writer.Value(DerTag.OctetString, keyIdentifier);
        Finish(ref writer, mark, Oid.SubjectKeyIdentifier, critical: false);
    }

    /// <summary>Critical, cA with a path length.</summary>
    public static void CaConstraints(ref DerWriter writer, byte pathLength)
    {
        var mark = writer.Position;
        writer.Unsigned([pathLength]);
        writer.Value(DerTag.Boolean, True);
        writer.Wrap(DerTag.Sequence, mark);
        Finish(ref writer, mark, Oid.BasicConstraints, critical: true);
    }

    /// <summary>Critical, keyCertSign and cRLSign.</summary>
    public static void CaKeyUsage(ref DerWriter writer)
    {
        var mark = writer.Position;
        writer.Raw([DerTag.BitString, 0x02, 0x01, 0x06]);
        Finish(ref writer, mark, Oid.KeyUsage, critical: true);
    }

    /// <summary>Subject alternative name of one URI.</summary>
    public static void UriName(ref DerWriter writer, string uri, bool critical)
    {
        var mark = writer.Position;
        writer.Ascii(DerTag.Context((int)GeneralNameKind.Uri), uri);
        writer.Wrap(DerTag.Sequence, mark);
        Finish(ref writer, mark, Oid.SubjectAlternativeName, critical);
    }

    /// <summary>Critical: URIs below must have this very host.</summary>
    public static void PermittedUriHost(ref DerWriter writer, string host)
    {
        var mark = writer.Position;
        writer.Ascii(DerTag.Context((int)GeneralNameKind.Uri), host);
        writer.Wrap(DerTag.Sequence, mark);
        writer.Wrap(DerTag.ContextConstructed(0), mark);
        writer.Wrap(DerTag.Sequence, mark);
        Finish(ref writer, mark, Oid.NameConstraints, critical: true);
    }

    /// <summary>Makes an extension of the value written since <paramref name="mark"/>.</summary>
    public static void Finish(ref DerWriter writer, int mark, ReadOnlySpan<byte> oid, bool critical)
    {
        writer.Wrap(DerTag.OctetString, mark);
        if (critical)
        {
            writer.Value(DerTag.Boolean, True);
        }

        writer.Value(DerTag.Oid, oid);
        writer.Wrap(DerTag.Sequence, mark);
    }
}
