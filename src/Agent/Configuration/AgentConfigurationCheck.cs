using System.Net;
using MeshGrains.Agent.Outputs;
using MeshGrains.Identity;
using Microsoft.Extensions.Configuration;

namespace MeshGrains.Agent;

/// <summary>Binds a configuration and finds all that is wrong with it, each with what to do.</summary>
internal static class AgentConfigurationCheck
{
    private const int MaxSocketPath = 100;

    /// <exception cref="ConfigurationException">Lists every wrong value.</exception>
    public static AgentConfiguration Bind(IConfiguration configuration)
    {
        var options = new AgentConfiguration();
        configuration.Bind(options);
        var errors = new List<string>();
        if (!TrustDomain.TryParse(options.TrustDomain, out _, out var wrong))
        {
            errors.Add($"trustDomain: {wrong}");
        }

        if (!Path.IsPathRooted(options.Socket) || options.Socket.Length > MaxSocketPath)
        {
            errors.Add($"socket is '{options.Socket}'; give an absolute path of at most {MaxSocketPath} characters.");
        }

        if (!FileModes.TryParse(options.SocketMode, out _))
        {
            errors.Add($"socketMode is '{options.SocketMode}'; give an octal mode such as 0777.");
        }

        if (options.OperationsListen.Length > 0 && !IPEndPoint.TryParse(options.OperationsListen, out _))
        {
            errors.Add($"operationsListen is '{options.OperationsListen}'; give address:port such as 127.0.0.1:9465, or nothing.");
        }

        var domains = DomainConfigurations.Of(options);
        for (var i = 0; i < domains.Count; i++)
        {
            CheckControlPlane(domains[i], AliasCheck.Prefix(i), errors);
        }

        AliasCheck.Check(domains, errors);
        if (options.Renewal.Jitter is < 0 or > 0.2 || options.Renewal.BatchSize is < 1 or > 128)
        {
            errors.Add("renewal.jitter lies between 0 and 0.2, renewal.batchSize between 1 and 128.");
        }

        if (options.KeyStore.Mode is not (KeyStoreOptions.Memory or KeyStoreOptions.Disk))
        {
            errors.Add($"keyStore.mode is '{options.KeyStore.Mode}'; give memory or disk.");
        }

        if (!Path.IsPathRooted(options.KeyStore.Directory) || (options.KeyStore.SealKeyFile.Length > 0 && !Path.IsPathRooted(options.KeyStore.SealKeyFile)))
        {
            errors.Add("keyStore: directory and sealKeyFile are absolute paths (sealKeyFile may be empty).");
        }

        if (options.Renewal.JwtCacheSize is < 1 or > 1_000_000)
        {
            errors.Add($"renewal.jwtCacheSize is {options.Renewal.JwtCacheSize}; give a number from 1 to 1000000.");
        }

        CheckWorkloads(options.Workloads, errors);
        if (new[] { options.Sds.DefaultSvidName, options.Sds.DefaultBundleName, options.Sds.AllBundlesName } is var names
            && (names.Any(string.IsNullOrEmpty) || names.Distinct(StringComparer.Ordinal).Count() < names.Length
                || names.Any(name => name.StartsWith(SpiffeId.SchemePrefix, StringComparison.Ordinal))))
        {
            errors.Add("sds: the three names have to differ, to be there, and to be no SPIFFE IDs.");
        }

        if (options.Log.Format is not ("text" or "json"))
        {
            errors.Add($"log.format is '{options.Log.Format}'; give text or json.");
        }

        // A name that is none was told already.
        var trustDomains = domains.Select(domain => TrustDomain.TryParse(domain.TrustDomain, out var name, out _) ? name : null).OfType<TrustDomain>().ToList();
        if (trustDomains.Count == domains.Count)
        {
            OutputPlan.Check(options.Outputs, trustDomains, errors);
        }

        return errors.Count == 0 ? options : throw new ConfigurationException(errors);
    }

    private static void CheckControlPlane(AgentConfiguration options, string prefix, List<string> errors)
    {
        var plane = options.ControlPlane;
        if (plane.Addresses.Count == 0)
        {
            errors.Add($"{prefix}controlPlane.addresses is empty; give a gateway such as https://mesh.example.org:8443.");
        }

        errors.AddRange(plane.Addresses
            .Where(address => !Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps || uri.AbsolutePath != "/")
            .Select(address => $"{prefix}controlPlane.addresses: '{address}' is no address such as https://mesh.example.org:8443."));
        if (plane.TrustBundle.Length == 0)
        {
            errors.Add($"{prefix}controlPlane.trustBundle is empty; give the file with the trust domain's roots (bundle.pem of a silo's data directory).");
        }

        if (!SpiffeId.TryParse($"spiffe://any.example{plane.GatewayPath}", out var gateway, out _) || gateway.Path.Length == 0)
        {
            errors.Add($"{prefix}controlPlane.gatewayPath is '{plane.GatewayPath}'; give the path of the gateway's SPIFFE ID, such as /meshgrains/gateway.");
        }

        if (plane.MaxBackoff < TimeSpan.FromMilliseconds(250) || plane.Timeout < TimeSpan.FromMilliseconds(100) || plane.KeepAlive < TimeSpan.FromSeconds(1))
        {
            errors.Add($"{prefix}controlPlane: maxBackoff is at least 250ms, timeout at least 100ms, keepAlive at least 1s.");
        }

        CheckNode(options.Node, prefix, errors);
    }

    private static void CheckNode(NodeOptions node, string prefix, List<string> errors)
    {
        switch (node.Attestor)
        {
            case "joinToken" when node.JoinTokenFile.Length == 0:
                errors.Add($"{prefix}node.joinTokenFile is empty; give the file with a join token for this node (meshctl agent token NAME --out FILE).");
                break;
            case "x509pop" when node.X509pop.CertificateFile.Length == 0 || node.X509pop.KeyFile.Length == 0:
                errors.Add($"{prefix}node.x509pop needs certificateFile and keyFile: the certificate that this node holds already, and its key.");
                break;
            case "k8s" when node.K8s.TokenFile.Length == 0:
                errors.Add($"{prefix}node.k8s.tokenFile is empty; give the file where the pod's projected token is mounted.");
                break;
            case "aws" when !Uri.TryCreate(node.Aws.Metadata, UriKind.Absolute, out var metadata) || metadata.Scheme != Uri.UriSchemeHttp:
                errors.Add($"{prefix}node.aws.metadata is '{node.Aws.Metadata}'; give the instance metadata service's address, http://169.254.169.254.");
                break;
            case not ("joinToken" or "x509pop" or "k8s" or "aws"):
                errors.Add($"{prefix}node.attestor is '{node.Attestor}'; give joinToken, x509pop, k8s or aws.");
                break;
        }
    }

    private static void CheckAttestors(WorkloadOptions options, List<string> errors)
    {
        const int MinBody = 1024, MaxBody = 256 * 1024 * 1024;
        var (k8s, docker) = (options.K8s, options.Docker);
        if (!Uri.TryCreate(k8s.Kubelet, UriKind.Absolute, out var kubelet) || kubelet.AbsolutePath != "/" || kubelet.UserInfo.Length > 0
            || !(kubelet.Scheme == Uri.UriSchemeHttps || (kubelet.Scheme == Uri.UriSchemeHttp && kubelet.IsLoopback)))
        {
            errors.Add($"workloads.k8s.kubelet is '{k8s.Kubelet}'; give https://HOST:10250, or http://127.0.0.1:10255 for the read-only port (plain HTTP on this node only).");
        }
        else if (k8s.Enabled && kubelet.Scheme == Uri.UriSchemeHttps && !k8s.SkipVerification && !File.Exists(k8s.CaFile))
        {
            errors.Add($"workloads.k8s.caFile: there is no '{k8s.CaFile}'; give the roots of the kubelet's certificate, or set skipVerification where it signs its own.");
        }

        if (k8s.Timeout < TimeSpan.FromMilliseconds(100) || k8s.PollInterval < TimeSpan.FromMilliseconds(50) || k8s.Patience < TimeSpan.Zero || k8s.MaxBodyBytes is < MinBody or > MaxBody)
        {
            errors.Add($"workloads.k8s: timeout is at least 100ms, pollInterval at least 50ms, patience not negative, maxBodyBytes {MinBody} to {MaxBody}.");
        }

        if (k8s.Enabled && k8s.Patience >= options.AttestationTimeout)
        {
            errors.Add("workloads.k8s.patience has to be shorter than workloads.attestationTimeout.");
        }

        if (!Path.IsPathRooted(docker.Socket) || docker.Timeout < TimeSpan.FromMilliseconds(100) || docker.MaxBodyBytes is < MinBody or > MaxBody)
        {
            errors.Add($"workloads.docker: socket is an absolute path, timeout at least 100ms, maxBodyBytes {MinBody} to {MaxBody}.");
        }
    }

    private static void CheckWorkloads(WorkloadOptions options, List<string> errors)
    {
        if (options.MaxConnections < 1 || options.MaxConnectionsPerUser < 1 || options.MaxStreamsPerConnection < 1 || options.MaxExecutableBytes < 0)
        {
            errors.Add("workloads: maxConnections, maxConnectionsPerUser and maxStreamsPerConnection are at least 1, maxExecutableBytes at least 0.");
        }

        CheckAttestors(options, errors);
        if (options.AttestationTimeout < TimeSpan.FromMilliseconds(100))
        {
            errors.Add("workloads.attestationTimeout is at least 100ms.");
        }

        if (options.FirstSvidWait < TimeSpan.Zero || options.Settle < TimeSpan.Zero)
        {
            errors.Add("workloads.firstSvidWait and workloads.settle are not negative.");
        }
    }
}
