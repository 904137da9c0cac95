using MeshGrains.Gateway.Acme;
using MeshGrains.Grains;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Federation;

/// <summary>Checks the endpoint's address and files; the rest of the section is the grains'.</summary>
internal sealed class FederationEndpointValidator : IValidateOptions<FederationOptions>
{
    public ValidateOptionsResult Validate(string? name, FederationOptions options)
    {
        var errors = new List<string>();
        var endpoint = options.Endpoint;
        if (endpoint.Listen.Length > 0 && !ListenAddress.TryParse(endpoint.Listen, out _))
        {
            errors.Add($"federation.endpoint.listen: '{endpoint.Listen}' is not an address with a port; write one such as '0.0.0.0:8445'.");
        }

        if (endpoint.Listen.Length > 0 && endpoint.Profile == BundleEndpointProfile.Web)
        {
            CheckFile("federation.endpoint.certificateFile", endpoint.CertificateFile, errors);
            CheckFile("federation.endpoint.keyFile", endpoint.KeyFile, errors);
            CheckFile("federation.endpoint.acme.caFile", endpoint.Acme.CaFile, errors);
            CheckFile("federation.endpoint.acme.externalAccountKeyFile", endpoint.Acme.ExternalAccountKeyFile, errors);
        }

        AcmeRules.Check(endpoint, errors);

        for (var i = 0; i < options.Relationships.Count; i++)
        {
            CheckFile($"federation.relationships[{i}].bundleFile", options.Relationships[i].BundleFile, errors);
            CheckFile($"federation.relationships[{i}].caFile", options.Relationships[i].CaFile, errors);
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void CheckFile(string key, string path, List<string> errors)
    {
        if (path.Length > 0 && !File.Exists(path))
        {
            errors.Add($"{key}: {path} does not exist.");
        }
    }
}
