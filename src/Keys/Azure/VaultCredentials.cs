using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;

namespace MeshGrains.Keys.Azure;

/// <summary>Chooses the credential, by the URI or else by what the environment offers.</summary>
internal static class VaultCredentials
{
    private static readonly string[] PublicAuthorities =
    [
        "login.microsoftonline.com", "login.chinacloudapi.cn", "login.partner.microsoftonline.cn", "login.microsoftonline.us",
    ];

    public static TokenCredential Create(VaultLocation location, KeyManagerOptions options, HttpPipelineTransport transport)
    {
        var tenant = location.TenantId ?? Read(options, "AZURE_TENANT_ID");
        var client = location.ClientId ?? Read(options, "AZURE_CLIENT_ID");
        var tokenFile = Read(options, "AZURE_FEDERATED_TOKEN_FILE");
        var secret = Read(options, "AZURE_CLIENT_SECRET");
        var kind = location.Credential;
        if (kind == VaultCredentialKind.ByEnvironment)
        {
            kind = tokenFile is not null ? VaultCredentialKind.WorkloadIdentity
                : secret is not null ? VaultCredentialKind.ClientSecret
                : VaultCredentialKind.ManagedIdentity;
        }

        switch (kind)
        {
            case VaultCredentialKind.WorkloadIdentity:
                return new WorkloadIdentityCredential(Apply(
                    new WorkloadIdentityCredentialOptions
                    {
                        TenantId = Need(tenant, "AZURE_TENANT_ID"),
                        ClientId = Need(client, "AZURE_CLIENT_ID"),
                        TokenFilePath = Need(tokenFile, "AZURE_FEDERATED_TOKEN_FILE"),
                        DisableInstanceDiscovery = IsPrivate(options),
                    },
                    options,
                    transport));
            case VaultCredentialKind.ClientSecret:
                return new ClientSecretCredential(
                    Need(tenant, "AZURE_TENANT_ID"),
                    Need(client, "AZURE_CLIENT_ID"),
                    Need(secret, "AZURE_CLIENT_SECRET"),
                    Apply(new ClientSecretCredentialOptions { DisableInstanceDiscovery = IsPrivate(options) }, options, transport));
            default:
                var identity = client is null ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(client);
                return new ManagedIdentityCredential(new ManagedIdentityCredentialOptions(identity) { Transport = transport });
        }
    }

    private static T Apply<T>(T credential, KeyManagerOptions options, HttpPipelineTransport transport)
        where T : TokenCredentialOptions
    {
        credential.Transport = transport;

        // Retries are ours to count and to spread out.
        credential.Retry.MaxRetries = 0;
        if (Authority(options) is { } authority)
        {
            credential.AuthorityHost = authority;
        }

        return credential;
    }

    /// <summary>The public directory knows nothing of a private authority, and a machine that has one may not reach the public directory.</summary>
    private static bool IsPrivate(KeyManagerOptions options) =>
        Authority(options) is { } authority && !PublicAuthorities.Contains(authority.Host, StringComparer.OrdinalIgnoreCase);

    private static Uri? Authority(KeyManagerOptions options)
    {
        var text = Read(options, "AZURE_AUTHORITY_HOST");
        return text is null
            ? null
            : Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps
            ? uri
            : throw KeyRules.Invalid("AZURE_AUTHORITY_HOST is no https URL.");
    }

    private static string Need(string? value, string name) =>
        value ?? throw KeyRules.Invalid($"Signing in to the vault needs {name}, in the environment or (ids only) as an option of the azurekms: URI.");

    private static string? Read(KeyManagerOptions options, string name) =>
        options.ReadEnvironment(name) is { Length: > 0 } value ? value : null;
}
