using System.Buffers;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

/// <summary>Looks at every attestation option at start; an error names the option and says what to do.</summary>
internal sealed class AttestationOptionsValidator : IValidateOptions<AttestationOptions>
{
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    public ValidateOptionsResult Validate(string? name, AttestationOptions options)
    {
        var errors = new List<string>();
        for (var i = 0; i < options.Kubernetes.Count; i++)
        {
            Check(options.Kubernetes[i], $"attestation.kubernetes[{i}]", errors);
        }

        CheckTogether(options.Kubernetes, errors);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void Check(KubernetesIssuerOptions issuer, string at, List<string> errors)
    {
        if (issuer.Name.Length is 0 or > 63 || issuer.Name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            errors.Add($"{at}.name must be 1 to 63 of a-z, 0-9, '-', '_' and '.'; it names the source in templates and logs, such as 'prod'.");
        }

        CheckText(issuer.Issuer, $"{at}.issuer", "the exact 'iss' of the cluster's tokens (the API server's --service-account-issuer)", errors);
        CheckText(issuer.Audience, $"{at}.audience", "the one audience that tokens are made for, such as 'istio-ca'", errors);
        CheckKeys(issuer, at, errors);
        foreach (var algorithm in issuer.Algorithms.Where(algorithm => JwsAlgorithms.Parse(algorithm) == JwsAlgorithm.Unknown))
        {
            errors.Add($"{at}.algorithms names '{algorithm}'; choose from {JwsAlgorithms.Supported}.");
        }

        foreach (var path in issuer.AllowedPaths.Where(path => !path.StartsWith('/')))
        {
            errors.Add($"{at}.allowedPaths holds '{path}'; a path prefix begins with '/', such as '/ns/'.");
        }

        if (issuer.ClusterIds.Any(string.IsNullOrWhiteSpace))
        {
            errors.Add($"{at}.clusterIds holds an empty value; leave the list out to serve any cluster id.");
        }

        CheckTime(issuer.ClockSkew, TimeSpan.Zero, TimeSpan.FromMinutes(10), $"{at}.clockSkew", errors);
        CheckTime(issuer.KeyRefresh, TimeSpan.FromSeconds(30), TimeSpan.FromDays(1), $"{at}.keyRefresh", errors);
        CheckTime(issuer.MaxKeyAge, issuer.KeyRefresh, TimeSpan.FromDays(30), $"{at}.maxKeyAge", errors);
        CheckTime(issuer.Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), $"{at}.timeout", errors);
    }

    private static void CheckKeys(KubernetesIssuerOptions issuer, string at, List<string> errors)
    {
        var ways = (string.IsNullOrEmpty(issuer.JwksFile) ? 0 : 1) + (string.IsNullOrEmpty(issuer.JwksUri) ? 0 : 1)
            + (issuer.DiscoveryAddress is null ? 0 : 1) + (issuer.TokenReview is null ? 0 : 1);
        if (ways != 1)
        {
            errors.Add($"{at} must have exactly one of jwksFile, jwksUri, discovery and tokenReview; it has {ways}.");
        }

        if (!string.IsNullOrEmpty(issuer.JwksFile))
        {
            CheckFile(issuer.JwksFile, $"{at}.jwksFile", "save the issuer's key set there ('kubectl get --raw /openid/v1/jwks')", errors);
        }

        if (!string.IsNullOrEmpty(issuer.JwksUri))
        {
            CheckAddress(issuer.JwksUri, issuer.AllowInsecureLoopback, $"{at}.jwksUri", errors);
        }

        if (issuer.DiscoveryAddress is { } discovery)
        {
            CheckAddress(discovery, issuer.AllowInsecureLoopback, $"{at}.discovery", errors);
        }

        CheckFile(issuer.CaFile, $"{at}.caFile", "save the endpoint's CA certificates there as PEM", errors);
        CheckFile(issuer.TokenFile, $"{at}.tokenFile", "mount the token there, or leave the option out", errors);
        if (issuer.TokenReview is not { } review)
        {
            return;
        }

        CheckAddress(review.ApiServer, issuer.AllowInsecureLoopback, $"{at}.tokenReview.apiServer", errors);
        CheckFile(review.CaFile, $"{at}.tokenReview.caFile", "save the API server's CA certificates there as PEM", errors);
        CheckFile(review.TokenFile, $"{at}.tokenReview.tokenFile", "mount the gateway's service-account token there", errors);
        CheckTime(review.Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), $"{at}.tokenReview.timeout", errors);
        if (review.MaxConcurrent is < 1 or > 10_000)
        {
            errors.Add($"{at}.tokenReview.maxConcurrent must be 1 to 10000.");
        }
    }

    private static void CheckTogether(IList<KubernetesIssuerOptions> issuers, List<string> errors)
    {
        foreach (var twice in issuers.GroupBy(issuer => issuer.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            errors.Add($"attestation.kubernetes has the name '{twice.Key}' twice; every source needs its own, since templates refer to it.");
        }

        foreach (var group in issuers.GroupBy(issuer => issuer.Issuer, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            var ids = group.SelectMany(issuer => issuer.ClusterIds).ToList();
            if (group.Count(issuer => issuer.ClusterIds.Count == 0) > 1 || ids.Distinct(StringComparer.Ordinal).Count() != ids.Count)
            {
                errors.Add($"attestation.kubernetes has the issuer '{group.Key}' several times; tell its clusters apart by clusterIds, "
                    + "each id in one of them only and at most one of them without any.");
            }
        }
    }

    private static void CheckText(string value, string at, string meaning, List<string> errors)
    {
        if (value.Length is 0 or > 512 || value.AsSpan().ContainsAnyExceptInRange('\x21', '\x7e'))
        {
            errors.Add($"{at} must be {meaning}: 1 to 512 printable ASCII characters without spaces.");
        }
    }

    private static void CheckFile(string? path, string at, string advice, List<string> errors)
    {
        if (!string.IsNullOrEmpty(path) && !File.Exists(path))
        {
            errors.Add($"{at}: there is no file '{path}'; {advice}.");
        }
    }

    private static void CheckAddress(string address, bool allowInsecureLoopback, string at, List<string> errors)
    {
        if (!EndpointAddress.TryParse(address, allowInsecureLoopback, out _))
        {
            errors.Add($"{at} is '{address}'; it must be an https URL without user name (http is allowed for loopback with allowInsecureLoopback: true).");
        }
    }

    private static void CheckTime(TimeSpan value, TimeSpan least, TimeSpan most, string at, List<string> errors)
    {
        if (value < least || value > most)
        {
            errors.Add($"{at} must be {least} to {most}; it is {value}.");
        }
    }
}
