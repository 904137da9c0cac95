using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

internal sealed class FederationOptionsValidator(IOptions<TrustDomainOptions> trustDomain) : IValidateOptions<FederationOptions>
{
    private const int MaxRelationships = 1024;

    public ValidateOptionsResult Validate(string? name, FederationOptions options)
    {
        var errors = new List<string>();
        if (options.MaxRelationships is < 1 or > MaxRelationships)
        {
            errors.Add($"federation.maxRelationships is {options.MaxRelationships}; give a number from 1 to {MaxRelationships}.");
        }

        if (options.MinPoll < TimeSpan.FromSeconds(1) || options.MinPoll > options.MaxPoll)
        {
            errors.Add($"federation.minPoll is {options.MinPoll}; give a time from 1s to federation.maxPoll ({options.MaxPoll}).");
        }

        if (options.MaxPoll > TimeSpan.FromDays(7))
        {
            errors.Add($"federation.maxPoll is {options.MaxPoll}; give at most 7d.");
        }

        // A grain waits for it, and its callers for the grain.
        if (options.FetchTimeout < TimeSpan.FromSeconds(1) || options.FetchTimeout > TimeSpan.FromSeconds(15))
        {
            errors.Add($"federation.fetchTimeout is {options.FetchTimeout}; give a time from 1s to 15s.");
        }

        if (options.MaxBundleBytes < 4 * 1024 || options.MaxBundleBytes > Identity.SpiffeBundle.MaxJsonBytes)
        {
            errors.Add($"federation.maxBundleBytes is {options.MaxBundleBytes}; give a number from 4096 to {Identity.SpiffeBundle.MaxJsonBytes}.");
        }

        CheckEndpoint(options.Endpoint, errors);
        CheckRelationships(options, errors);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void CheckEndpoint(FederationEndpointOptions endpoint, List<string> errors)
    {
        if (endpoint.Profile is not (BundleEndpointProfile.Web or BundleEndpointProfile.Spiffe))
        {
            errors.Add($"federation.endpoint.profile is '{endpoint.Profile}'; give https_spiffe or https_web.");
        }

        var files = endpoint.CertificateFile.Length > 0 && endpoint.KeyFile.Length > 0;
        if (endpoint.Listen.Length > 0 && endpoint.Profile == BundleEndpointProfile.Web && !files && !endpoint.Acme.IsOn)
        {
            errors.Add("federation.endpoint: https_web needs certificateFile and keyFile, PEM, such as certbot or cert-manager write them, or acme.domainName.");
        }

        if (endpoint.MaxConnections is < 1 or > 100_000 || endpoint.MaxConnectionsPerAddress < 1 || endpoint.MaxConnectionsPerAddress > endpoint.MaxConnections)
        {
            errors.Add("federation.endpoint: give maxConnections from 1 to 100000, and maxConnectionsPerAddress from 1 to that.");
        }
    }

    private void CheckRelationships(FederationOptions options, List<string> errors)
    {
        if (options.Relationships.Count > options.MaxRelationships)
        {
            errors.Add($"federation.relationships are {options.Relationships.Count}; federation.maxRelationships is {options.MaxRelationships}.");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < options.Relationships.Count; i++)
        {
            var one = options.Relationships[i];
            var given = new PutFederation(
                "check", one.TrustDomain, one.Url, one.Profile, one.EndpointSpiffeId.Length == 0 ? null : one.EndpointSpiffeId,
                Bundle: null, one.CaFile.Length == 0 ? null : FederationRules.CheckedLater, Configured: true);
            if (FederationRules.Check(given, trustDomain.Value.Name) is { } wrong)
            {
                errors.Add($"federation.relationships[{i}]: {wrong}");
            }

            if (!seen.Add(one.TrustDomain))
            {
                errors.Add($"federation.relationships[{i}]: '{one.TrustDomain}' stands there twice.");
            }
        }
    }
}
