using MeshGrains.Keys.Azure;
using MeshGrains.Keys.Files;
using MeshGrains.Keys.Pkcs11;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Keys;

/// <summary>Opens key managers by URI: <c>file:</c>, <c>pkcs11:</c>, <c>azurekms:</c>.</summary>
public static class KeyManagers
{
    /// <summary>What to tell whoever starts with <c>file:</c> keys; also logged when they are opened.</summary>
    public const string FileKeysWarning =
        "NOT FOR PRODUCTION: the root key is a sealed file on this machine. The seal stops only somebody who copied the database without the "
        + "seal key; whoever reads this machine's disk or memory can sign as your trust domain. Production wants a KMS: azurekms: or pkcs11:.";

    /// <summary>Opens the key manager that <paramref name="uri"/> names. Nothing remote is called yet.</summary>
    /// <exception cref="KeyManagerException">The URI or an option is wrong, or a local file or module cannot be used.</exception>
    public static IKeyManager Open(string uri, KeyManagerOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(loggers);
        options.Remote.Validate();
        var parsed = KeyUri.Parse(uri);
        IKeyManager manager = parsed.Scheme switch
        {
            FileKeyManager.SchemeName => FileKeyManager.Open(FileKeyLocation.From(parsed), options, time, loggers.CreateLogger<FileKeyManager>()),
            VaultLocation.SchemeName => AzureKeyManager.Open(VaultLocation.From(parsed), options, time, loggers.CreateLogger<AzureKeyManager>()),
            Pkcs11Location.SchemeName => Pkcs11KeyManager.Open(Pkcs11Location.From(parsed), options, time),
            _ => throw UnknownScheme(parsed.Scheme),
        };
        return new MeteredKeyManager(manager, time);
    }

    /// <summary>Checks a URI's form without opening anything.</summary>
    public static bool TryValidate(string uri, out string error)
    {
        try
        {
            var parsed = KeyUri.Parse(uri);
            switch (parsed.Scheme)
            {
                case FileKeyManager.SchemeName:
                    _ = FileKeyLocation.From(parsed);
                    break;
                case VaultLocation.SchemeName:
                    _ = VaultLocation.From(parsed);
                    break;
                case Pkcs11Location.SchemeName:
                    _ = Pkcs11Location.From(parsed);
                    break;
                default:
                    throw UnknownScheme(parsed.Scheme);
            }

            error = "";
            return true;
        }
        catch (KeyManagerException e)
        {
            error = e.Message;
            return false;
        }
    }

    private static KeyManagerException UnknownScheme(string scheme) =>
        KeyRules.Invalid($"The key manager scheme '{scheme}:' is unknown; there are file:, pkcs11: and azurekms:.");
}
