using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway;

/// <summary>Makes the configured token issuers ready, and ends their connections with the process.</summary>
internal sealed class KubernetesSourceFactory(TimeProvider time, ILoggerFactory loggers) : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    public KubernetesSources Make(AttestationOptions options) => new(options.Kubernetes.Select(Make));

    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    private KubernetesSource Make(KubernetesIssuerOptions options)
    {
        if (options.TokenReview is { } review)
        {
            var reviews = Own(new TokenReviewClient(review, time, loggers.CreateLogger<TokenReviewClient>()));
            return new KubernetesSource(options, keys: null, reviews);
        }

        var (loader, times) = MakeLoader(options);
        return new KubernetesSource(options, new KeySource(options.Name, loader, times, time, loggers.CreateLogger<KeySource>()), reviews: null);
    }

    private (IKeyLoader Loader, KeySourceTimes Times) MakeLoader(KubernetesIssuerOptions options)
    {
        if (!string.IsNullOrEmpty(options.JwksFile))
        {
            return (new JwksFileLoader(options.JwksFile, time), KeySourceTimes.ForFile(options));
        }

        var client = Own(new EndpointClient(options.CaFile, options.TokenFile, options.Timeout, time));
        IKeyLoader loader = !string.IsNullOrEmpty(options.JwksUri)
            ? new JwksEndpointLoader(client, new Uri(options.JwksUri))
            : new DiscoveryLoader(client, options.Issuer, new Uri(options.DiscoveryAddress!), options.AllowInsecureLoopback);
        return (loader, KeySourceTimes.ForEndpoint(options));
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
