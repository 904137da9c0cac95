using System.Formats.Asn1;
using System.Net;
using System.Text;

namespace MeshGrains.Identity;

/// <summary>The extensions of a certificate (RFC 5280 section 4.2) that paths and SVIDs are judged by.</summary>
internal sealed class CertificateExtensions
{
    private const int MaxExtensions = 64;
    private const int MaxNames = 512;

    private readonly List<(GeneralNameKind Kind, ReadOnlyMemory<byte> Name)> _names = [];
    private readonly List<string> _uris = [];
    private readonly List<string> _dnsNames = [];
    private readonly List<IPAddress> _ipAddresses = [];
    private readonly List<string> _unknownCritical = [];

    public bool HasBasicConstraints { get; private set; }

    public bool IsCa { get; private set; }

    public int? PathLength { get; private set; }

    public KeyUsages? KeyUsage { get; private set; }

    public bool KeyUsageIsCritical { get; private set; }

    public bool HasExtendedKeyUsage { get; private set; }

    public bool ServerAuth { get; private set; }

    public bool ClientAuth { get; private set; }

    public bool NamesAreCritical { get; private set; }

    public NameConstraints? NameConstraints { get; private set; }

    public ReadOnlyMemory<byte> SubjectKeyIdentifier { get; private set; }

    public ReadOnlyMemory<byte> AuthorityKeyIdentifier { get; private set; }

    public IReadOnlyList<(GeneralNameKind Kind, ReadOnlyMemory<byte> Name)> Names => _names;

    public IReadOnlyList<string> Uris => _uris;

    public IReadOnlyList<string> DnsNames => _dnsNames;

    public IReadOnlyList<IPAddress> IpAddresses => _ipAddresses;

    public IReadOnlyList<string> UnknownCritical => _unknownCritical;

    /// <summary>Gives why not, or null. <paramref name="list"/> is the contents of the SEQUENCE of extensions.</summary>
    public static string? Read(ReadOnlyMemory<byte> list, out CertificateExtensions extensions)
    {
        extensions = new CertificateExtensions();
        var reader = new DerReader(list.Span);
        var seen = new List<ReadOnlyMemory<byte>>();
        while (!reader.AtEnd)
        {
            var critical = false;
            if (!reader.TryEnter(DerTag.Sequence, out var extension)
                || !extension.TryRead(DerTag.Oid, out Range oidRange)
                || (extension.Sees(DerTag.Boolean) && !extension.TryReadBoolean(out critical))
                || !extension.TryRead(DerTag.OctetString, out Range value) || !extension.AtEnd)
            {
                return "A certificate extension is not well-formed.";
            }

            var oid = list[oidRange];
            if (seen.Exists(other => other.Span.SequenceEqual(oid.Span)))
            {
                return $"The certificate has the extension {Dotted(oid.Span)} twice.";
            }

            seen.Add(oid);
            if (seen.Count > MaxExtensions)
            {
                return $"The certificate has more than {MaxExtensions} extensions.";
            }

            if (!extensions.TryTake(oid.Span, critical, list[value]))
            {
                return $"The certificate's extension {Dotted(oid.Span)} is not well-formed.";
            }
        }

        return null;
    }

    private bool TryTake(ReadOnlySpan<byte> oid, bool critical, ReadOnlyMemory<byte> value)
    {
        if (oid.SequenceEqual(Oid.BasicConstraints))
        {
            return TryTakeBasicConstraints(value.Span);
        }

        if (oid.SequenceEqual(Oid.KeyUsage))
        {
            KeyUsageIsCritical = critical;
            return TryTakeKeyUsage(value.Span);
        }

        if (oid.SequenceEqual(Oid.ExtendedKeyUsage))
        {
            return TryTakeExtendedKeyUsage(value.Span);
        }

        if (oid.SequenceEqual(Oid.SubjectAlternativeName))
        {
            NamesAreCritical = critical;
            return TryTakeNames(value);
        }

        if (oid.SequenceEqual(Oid.NameConstraints))
        {
            var read = MeshGrains.Identity.NameConstraints.TryRead(value, out var constraints);
            NameConstraints = constraints;
            return read;
        }

        if (oid.SequenceEqual(Oid.SubjectKeyIdentifier))
        {
            return TryTakeSubjectKeyIdentifier(value);
        }

        if (oid.SequenceEqual(Oid.AuthorityKeyIdentifier))
        {
            return TryTakeAuthorityKeyIdentifier(value);
        }

        if (critical)
        {
            _unknownCritical.Add(Dotted(oid));
        }

        return true;
    }

    private bool TryTakeBasicConstraints(ReadOnlySpan<byte> value)
    {
        var outer = new DerReader(value);
        if (!outer.TryEnter(DerTag.Sequence, out var body) || !outer.AtEnd)
        {
            return false;
        }

        HasBasicConstraints = true;
        var isCa = false;
        if (body.Sees(DerTag.Boolean) && !body.TryReadBoolean(out isCa))
        {
            return false;
        }

        IsCa = isCa;
        if (body.AtEnd)
        {
            return true;
        }

        // A path length without cA says nothing and is not allowed (RFC 5280 section 4.2.1.9).
        if (!body.TryReadInt32(out var pathLength) || !isCa)
        {
            return false;
        }

        PathLength = pathLength;
        return body.AtEnd;
    }

    private bool TryTakeKeyUsage(ReadOnlySpan<byte> value)
    {
        var outer = new DerReader(value);
        if (!outer.TryReadNamedBits(out var bits) || !outer.AtEnd)
        {
            return false;
        }

        KeyUsage = (KeyUsages)bits;
        return true;
    }

    private bool TryTakeExtendedKeyUsage(ReadOnlySpan<byte> value)
    {
        var outer = new DerReader(value);
        if (!outer.TryEnter(DerTag.Sequence, out var body) || !outer.AtEnd || body.AtEnd)
        {
            return false;
        }

        HasExtendedKeyUsage = true;
        while (!body.AtEnd)
        {
            if (!body.TryRead(DerTag.Oid, out ReadOnlySpan<byte> purpose))
            {
                return false;
            }

            ServerAuth |= purpose.SequenceEqual(Oid.ServerAuth);
            ClientAuth |= purpose.SequenceEqual(Oid.ClientAuth);
        }

        return true;
    }

    private bool TryTakeNames(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value.Span);
        if (!outer.TryEnter(DerTag.Sequence, out var body) || !outer.AtEnd || body.AtEnd)
        {
            return false;
        }

        while (!body.AtEnd)
        {
            if (_names.Count == MaxNames || !body.TryReadAny(out var tag, out Range range) || (tag & 0xC0) != 0x80 || !TryTakeName(tag, value[range]))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryTakeName(byte tag, ReadOnlyMemory<byte> name)
    {
        var kind = (GeneralNameKind)(tag & 0x1F);
        _names.Add((kind, name));
        if (kind is GeneralNameKind.Uri or GeneralNameKind.Dns or GeneralNameKind.Email)
        {
            if ((tag & 0x20) != 0 || !Ascii.IsValid(name.Span))
            {
                return false;
            }

            if (kind == GeneralNameKind.Uri)
            {
                _uris.Add(Encoding.ASCII.GetString(name.Span));
            }
            else if (kind == GeneralNameKind.Dns)
            {
                _dnsNames.Add(Encoding.ASCII.GetString(name.Span));
            }
        }
        else if (kind == GeneralNameKind.Ip)
        {
            if ((tag & 0x20) != 0 || name.Length is not (4 or 16))
            {
                return false;
            }

            _ipAddresses.Add(new IPAddress(name.Span));
        }

        return kind <= GeneralNameKind.RegisteredId;
    }

    private bool TryTakeSubjectKeyIdentifier(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value.Span);
        if (!outer.TryRead(DerTag.OctetString, out Range identifier) || !outer.AtEnd)
        {
            return false;
        }

        SubjectKeyIdentifier = value[identifier];
        return SubjectKeyIdentifier.Length > 0;
    }

    private bool TryTakeAuthorityKeyIdentifier(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value.Span);
        if (!outer.TryEnter(DerTag.Sequence, out var body) || !outer.AtEnd)
        {
            return false;
        }

        if (body.Sees(DerTag.Context(0)))
        {
            if (!body.TryRead(DerTag.Context(0), out Range identifier))
            {
                return false;
            }

            AuthorityKeyIdentifier = value[identifier];
        }

        // authorityCertIssuer and authorityCertSerialNumber are hints that paths are not chosen by.
        while (!body.AtEnd)
        {
            if (!body.TryReadAny(out var tag, out Range _) || (tag & 0xC0) != 0x80)
            {
                return false;
            }
        }

        return true;
    }

    private static string Dotted(ReadOnlySpan<byte> oid)
    {
        Span<byte> whole = stackalloc byte[2 + 64];
        if (oid.Length > 64)
        {
            return "(long OID)";
        }

        whole[0] = DerTag.Oid;
        whole[1] = (byte)oid.Length;
        oid.CopyTo(whole[2..]);
        try
        {
            return AsnDecoder.ReadObjectIdentifier(whole[..(2 + oid.Length)], AsnEncodingRules.DER, out _);
        }
        catch (AsnContentException)
        {
            return "(malformed OID)";
        }
    }
}
