using System.Text;

namespace MeshGrains.Keys.Pkcs11;

/// <summary>
/// Which token, through which module: <c>pkcs11:token=LABEL[;object=PREFIX][;serial=…]?module-path=/….so&amp;pin-source=file:/…</c> (RFC 7512).
/// A key's label is <c>object</c>, when given, followed by the key's name. A PIN never stands in a URI: <c>pin-value</c> is refused.
/// </summary>
internal sealed record Pkcs11Location(string Token, string? Serial, string LabelPrefix, string? ModulePath, string PinFile)
{
    public const string SchemeName = "pkcs11";
    private const int MaxLabelBytes = 32;

    public static Pkcs11Location From(KeyUri uri)
    {
        if (uri.OptionNames.Contains("pin-value") || uri.Path.Contains("pin-value", StringComparison.OrdinalIgnoreCase))
        {
            throw KeyRules.Invalid("A PIN in a URI ends up in logs and process lists: put it into a 0600 file and write ?pin-source=file:/path instead of pin-value.");
        }

        uri.AllowOnly("module-path", "pin-source");
        var attributes = Attributes(uri.Path, "token", "serial", "object");
        if (!attributes.TryGetValue("token", out var token) || token.Length == 0 || Encoding.UTF8.GetByteCount(token) > MaxLabelBytes)
        {
            throw KeyRules.Invalid("A pkcs11: URI names its token by a label of up to 32 bytes: pkcs11:token=mesh?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/path.");
        }

        var prefix = attributes.GetValueOrDefault("object", "");
        if (prefix.Length != 0 && !KeyRules.IsName(prefix))
        {
            throw KeyRules.Invalid("The object of a pkcs11: URI is what the labels of our keys begin with: letters, digits and hyphens.");
        }

        var module = uri.Option("module-path");
        if (module is not null && !Path.IsPathRooted(module))
        {
            throw KeyRules.Invalid("The option module-path of a pkcs11: URI is an absolute path.");
        }

        var pin = uri.Option("pin-source") ?? throw KeyRules.Invalid("A pkcs11: URI needs pin-source=file:/path, a 0600 file that holds the user PIN.");
        pin = pin.StartsWith("file://", StringComparison.Ordinal) ? pin[7..] : pin.StartsWith("file:", StringComparison.Ordinal) ? pin[5..] : pin;
        return Path.IsPathRooted(pin)
            ? new Pkcs11Location(token, attributes.GetValueOrDefault("serial"), prefix, module, pin)
            : throw KeyRules.Invalid("The option pin-source of a pkcs11: URI is file: and an absolute path; programs are not run for a PIN.");
    }

    public KeyReference ReferenceTo(string label, ReadOnlySpan<byte> id) =>
        new($"{SchemeName}:token={Uri.EscapeDataString(Token)};object={label};id=%{string.Join('%', id.ToArray().Select(b => b.ToString("X2", null)))}");

    /// <summary>Label, name and id of a reference; refused unless it is of this token and pins an id.</summary>
    public (string Label, string Name, byte[] Id) Parse(KeyReference reference)
    {
        const string Shape = "A key reference of pkcs11: is written pkcs11:token=LABEL;object=NAME;id=%XX…, of the token that is configured.";
        if (reference.Value.Length > KeyUri.MaxLength || !reference.Value.StartsWith(SchemeName + ":", StringComparison.Ordinal))
        {
            throw KeyRules.Invalid(Shape);
        }

        var attributes = Attributes(reference.Value[(SchemeName.Length + 1)..], "token", "object", "id");
        var id = ReadId(reference.Value);
        if (attributes.GetValueOrDefault("token") != Token
            || attributes.GetValueOrDefault("object") is not { } label
            || !label.StartsWith(LabelPrefix, StringComparison.Ordinal)
            || !KeyRules.IsName(label[LabelPrefix.Length..])
            || id is null)
        {
            throw KeyRules.Invalid(Shape);
        }

        return (label, label[LabelPrefix.Length..], id);
    }

    private static byte[]? ReadId(string reference)
    {
        var start = reference.IndexOf(";id=", StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        var text = reference.AsSpan(start + 4);
        if (text.Length == 0 || text.Length % 3 != 0 || text.Length > 3 * 64)
        {
            return null;
        }

        var id = new byte[text.Length / 3];
        for (var i = 0; i < id.Length; i++)
        {
            if (text[3 * i] != '%' || !byte.TryParse(text.Slice((3 * i) + 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out id[i]))
            {
                return null;
            }
        }

        return id;
    }

    private static Dictionary<string, string> Attributes(string path, params ReadOnlySpan<string> known)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in path.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !known.Contains(part[..equals]))
            {
                throw KeyRules.Invalid($"A pkcs11: URI takes the attributes {string.Join(", ", known.ToArray())}, each as name=value.");
            }

            if (!attributes.TryAdd(part[..equals], Uri.UnescapeDataString(part[(equals + 1)..])))
            {
                throw KeyRules.Invalid($"The attribute {part[..equals]} stands twice in a pkcs11: URI.");
            }
        }

        return attributes;
    }
}
