using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Agents;

/// <summary>Looks at every option of node attestation at start; an error names the option and says what to do.</summary>
internal sealed class NodeAttestationOptionsValidator(IOptions<AttestationOptions> attestation) : IValidateOptions<NodeAttestationOptions>
{
    private const string At = NodeAttestationOptions.Section;

    public ValidateOptionsResult Validate(string? name, NodeAttestationOptions options)
    {
        var errors = new List<string>();
        CheckCertificates(options.X509pop.CaFile, $"{At}.x509pop.caFile", errors);
        if (options.X509pop.Name is not ("fingerprint" or "commonName"))
        {
            errors.Add($"{At}.x509pop.name is '{options.X509pop.Name}'; give fingerprint or commonName.");
        }

        if (options.X509pop.CaFile.Length == 0 && options.X509pop.CommonNames.Count > 0)
        {
            errors.Add($"{At}.x509pop.commonNames is given without caFile; name the CA whose certificates count.");
        }

        CheckKubernetes(options.K8s, errors);
        CheckAws(options.Aws, errors);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private void CheckKubernetes(IList<KubernetesNodeOptions> clusters, List<string> errors)
    {
        for (var i = 0; i < clusters.Count; i++)
        {
            var cluster = clusters[i];
            if (attestation.Value.Kubernetes.All(issuer => issuer.Name != cluster.Source))
            {
                errors.Add($"{At}.k8s[{i}].source is '{cluster.Source}'; give a name under attestation.kubernetes.");
            }

            if (cluster.ServiceAccounts.Count == 0 || cluster.ServiceAccounts.Any(account => account.Split('/') is not [{ Length: > 0 }, { Length: > 0 }]))
            {
                errors.Add($"{At}.k8s[{i}].serviceAccounts needs at least one NAMESPACE/ACCOUNT, such as meshgrains/meshgrains-agent.");
            }
        }

        foreach (var twice in clusters.GroupBy(cluster => cluster.Source, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            errors.Add($"{At}.k8s has the source '{twice.Key}' twice; put its accounts into one list.");
        }
    }

    private static void CheckAws(AwsNodeOptions aws, List<string> errors)
    {
        CheckCertificates(aws.CertificateFile, $"{At}.aws.certificateFile", errors);
        if (aws.CertificateFile.Length > 0 && (aws.Accounts.Count == 0 || aws.Regions.Count == 0))
        {
            errors.Add($"{At}.aws needs at least one of accounts and one of regions: without them any AWS customer's instance would be admitted.");
        }

        if (aws.Accounts.Any(account => account.Length != 12 || !account.All(char.IsAsciiDigit)))
        {
            errors.Add($"{At}.aws.accounts: an account id has 12 digits; quote it in YAML.");
        }
    }

    private static void CheckCertificates(string file, string at, List<string> errors)
    {
        if (file.Length == 0)
        {
            return;
        }

        try
        {
            if (!PemBundle.TryRead(File.ReadAllText(file), out _, out var wrong))
            {
                errors.Add($"{at}: {file}: {wrong}");
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            errors.Add($"{at}: {failure.Message}");
        }
    }
}
