namespace MeshGrains.Keys;

/// <summary>A key manager's URI cut into scheme, path and options. Unknown and repeated options are refused by name, never by value.</summary>
internal sealed class KeyUri
{
    public const int MaxLength = 2048;

    private readonly Dictionary<string, string> options;

    private KeyUri(string scheme, string path, Dictionary<string, string> options)
    {
        Scheme = scheme;
        Path = path;
        this.options = options;
    }

    public string Scheme { get; }

    /// <summary>What stands between the scheme and the <c>?</c>, percent-encoding kept.</summary>
    public string Path { get; }

    public string? Option(string name) => options.GetValueOrDefault(name);

    public IEnumerable<string> OptionNames => options.Keys;

    public static KeyUri Parse(string? uri)
    {
        if (string.IsNullOrWhiteSpace(uri) || uri.Length > MaxLength)
        {
            throw KeyRules.Invalid($"A key manager is named by a URI of up to {MaxLength} characters, such as file:keys or azurekms:https://myvault.vault.azure.net.");
        }

        var colon = uri.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0)
        {
            throw KeyRules.Invalid("The key manager's URI has no scheme; it starts with file:, pkcs11: or azurekms:.");
        }

        var scheme = uri[..colon].ToLowerInvariant();
        var rest = uri[(colon + 1)..];
        if (rest.Contains('#', StringComparison.Ordinal))
        {
            throw KeyRules.Invalid("The key manager's URI has a fragment ('#'); write %23 for that character.");
        }

        var mark = rest.IndexOf('?', StringComparison.Ordinal);
        var path = mark < 0 ? rest : rest[..mark];
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        if (mark >= 0)
        {
            foreach (var part in rest[(mark + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
            {
                var equals = part.IndexOf('=', StringComparison.Ordinal);
                if (equals <= 0)
                {
                    throw KeyRules.Invalid("An option in the key manager's URI is not of the form name=value.");
                }

                if (!options.TryAdd(part[..equals], Uri.UnescapeDataString(part[(equals + 1)..])))
                {
                    throw KeyRules.Invalid($"The option '{part[..equals]}' stands twice in the key manager's URI.");
                }
            }
        }

        return new KeyUri(scheme, path, options);
    }

    public void AllowOnly(params ReadOnlySpan<string> known)
    {
        foreach (var name in options.Keys)
        {
            if (!known.Contains(name))
            {
                throw KeyRules.Invalid(
                    $"The key manager's URI has the unknown option '{name}'; {Scheme}: takes {string.Join(", ", known.ToArray())}.");
            }
        }
    }
}
