namespace MeshGrains.Keys.Files;

/// <summary>Where <c>file:</c> keys lie and what seals them: <c>file:DIR[?seal-key-file=…|passphrase-file=…]</c>.</summary>
internal sealed record FileKeyLocation(string Directory, string? SealKeyFile, string? PassphraseFile)
{
    private const string SealKeyFileOption = "seal-key-file";
    private const string PassphraseFileOption = "passphrase-file";

    public static FileKeyLocation From(KeyUri uri)
    {
        uri.AllowOnly(SealKeyFileOption, PassphraseFileOption);
        var path = uri.Path;
        if (path.StartsWith("//", StringComparison.Ordinal))
        {
            if (!path.StartsWith("///", StringComparison.Ordinal))
            {
                throw KeyRules.Invalid("A file: key URI names a directory of this machine: write file:keys, file:/absolute/keys or file:///absolute/keys.");
            }

            path = path[2..];
        }

        path = Uri.UnescapeDataString(path);
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
        {
            throw KeyRules.Invalid("A file: key URI names a directory, such as file:keys.");
        }

        var sealKey = Filled(uri, SealKeyFileOption);
        var passphrase = Filled(uri, PassphraseFileOption);
        if (sealKey is not null && passphrase is not null)
        {
            throw KeyRules.Invalid("A file: key URI takes seal-key-file or passphrase-file, not both.");
        }

        return new FileKeyLocation(path, sealKey, passphrase);
    }

    private static string? Filled(KeyUri uri, string option)
    {
        var value = uri.Option(option);
        return value is { Length: 0 } ? throw KeyRules.Invalid($"The option {option} of a file: key URI names no file.") : value;
    }
}
