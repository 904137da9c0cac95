using System.Text.RegularExpressions;

namespace MeshGrains.Keys.Azure;

/// <summary>
/// Which vault, and how to sign in: <c>azurekms:https://myvault.vault.azure.net[?tenant-id=&amp;client-id=&amp;credential=&amp;protection=&amp;api-version=]</c>.
/// </summary>
/// <param name="Vault">Scheme, host and port; nothing else.</param>
/// <param name="Hsm">Whether keys are made as EC-HSM and RSA-HSM. Always so in a Managed HSM.</param>
internal sealed partial record VaultLocation(
    Uri Vault, string? TenantId, string? ClientId, VaultCredentialKind Credential, bool Hsm, string ApiVersion)
{
    public const string SchemeName = "azurekms";
    private const string DefaultApiVersion = "7.4";

    private static readonly string[] ApiVersions = ["7.4", "7.5", "7.6", "2025-06-01", "2025-07-01"];

    public bool IsLoopback => LoopbackNames.IsLoopback(Vault.Host);

    public static VaultLocation From(KeyUri uri)
    {
        uri.AllowOnly("tenant-id", "client-id", "credential", "protection", "api-version");
        if (!Uri.TryCreate(uri.Path, UriKind.Absolute, out var vault)
            || vault.Scheme != Uri.UriSchemeHttps
            || vault.HostNameType != UriHostNameType.Dns
            || vault.Host.Count(c => c == '.') < 2
            || vault.AbsolutePath != "/"
            || vault.UserInfo.Length != 0)
        {
            throw KeyRules.Invalid("An azurekms: URI names a vault over https and nothing below it, such as azurekms:https://myvault.vault.azure.net.");
        }

        var managedHsm = vault.Host.Contains(".managedhsm.", StringComparison.OrdinalIgnoreCase);
        var hsm = uri.Option("protection") switch
        {
            null => managedHsm,
            "hsm" => true,
            "software" when managedHsm => throw KeyRules.Invalid("A Managed HSM has no software keys: leave protection=software out."),
            "software" => false,
            _ => throw KeyRules.Invalid("The option protection is software or hsm."),
        };
        var apiVersion = uri.Option("api-version") ?? DefaultApiVersion;
        if (!ApiVersions.Contains(apiVersion))
        {
            throw KeyRules.Invalid($"The option api-version is one of {string.Join(", ", ApiVersions)}.");
        }

        var credential = uri.Option("credential") switch
        {
            null => VaultCredentialKind.ByEnvironment,
            "workload-identity" => VaultCredentialKind.WorkloadIdentity,
            "managed-identity" => VaultCredentialKind.ManagedIdentity,
            "client-secret" => VaultCredentialKind.ClientSecret,
            _ => throw KeyRules.Invalid("The option credential is workload-identity, managed-identity or client-secret."),
        };
        return new VaultLocation(
            new Uri(vault.GetLeftPart(UriPartial.Authority)),
            Identifier(uri, "tenant-id"),
            Identifier(uri, "client-id"),
            credential,
            hsm,
            apiVersion);
    }

    /// <summary>The reference of a version in this vault.</summary>
    public KeyReference ReferenceTo(string name, string version) =>
        new($"{SchemeName}:{Vault.GetLeftPart(UriPartial.Authority)}/keys/{name}/{version}");

    /// <summary>Name and version of a reference; refused unless it lies in this very vault and pins a version.</summary>
    public (string Name, string Version) Parse(KeyReference reference)
    {
        const string Prefix = SchemeName + ":";
        if (reference.Value.Length > KeyUri.MaxLength || !reference.Value.StartsWith(Prefix, StringComparison.Ordinal))
        {
            throw KeyRules.Invalid("A key reference of azurekms: is written azurekms:https://VAULT/keys/NAME/VERSION.");
        }

        return ParseKeyId(reference.Value[Prefix.Length..])
            ?? throw KeyRules.Invalid($"The key reference does not name a pinned key version in {Vault.Host}: azurekms:https://VAULT/keys/NAME/VERSION.");
    }

    /// <summary>Name and version of a <c>kid</c> of this vault, or null when it is anything else.</summary>
    public (string Name, string Version)? ParseKeyId(string? keyId)
    {
        if (keyId is null
            || keyId.Length > 512
            || !Uri.TryCreate(keyId, UriKind.Absolute, out var id)
            || !string.Equals(id.GetLeftPart(UriPartial.Authority), Vault.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase)
            || id.Query.Length != 0
            || id.Fragment.Length != 0)
        {
            return null;
        }

        var parts = id.AbsolutePath.Split('/');
        return parts.Length == 4 && parts[1] == "keys" && KeyRules.IsName(parts[2]) && VersionPattern().IsMatch(parts[3])
            ? (parts[2], parts[3])
            : null;
    }

    private static string? Identifier(KeyUri uri, string option)
    {
        var value = uri.Option(option);
        return value is null || IdentifierPattern().IsMatch(value)
            ? value
            : throw KeyRules.Invalid($"The option {option} is a GUID or a domain name.");
    }

    [GeneratedRegex("^[0-9a-zA-Z.-]{1,128}$", RegexOptions.CultureInvariant)]
    private static partial Regex IdentifierPattern();

    [GeneratedRegex("^[0-9a-fA-F]{32}$", RegexOptions.CultureInvariant)]
    private static partial Regex VersionPattern();
}
