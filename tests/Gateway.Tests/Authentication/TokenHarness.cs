using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Gateway.Tests.Authentication;

/// <summary>A verifier over one test issuer and a clock that is moved by hand.</summary>
internal sealed class TokenHarness : IDisposable
{
    private readonly KubernetesTokenVerifier _verifier;

    public TokenHarness(string algorithm = "RS256", Action<KubernetesIssuerOptions>? edit = null)
    {
        Issuer = new KubernetesTokens(algorithm, time: Time);
        Loader = new FakeLoader(() => Issuer.Jwks());
        var options = new KubernetesIssuerOptions { Name = "prod", Issuer = KubernetesTokens.DefaultIssuer, AllowedPaths = { "/ns/" } };
        options.Algorithms.Add(algorithm);
        edit?.Invoke(options);
        Keys = new KeySource("prod", Loader, KeySourceTimes.ForEndpoint(options), Time, NullLogger<KeySource>.Instance);
        _verifier = new KubernetesTokenVerifier(new KubernetesSources([new KubernetesSource(options, Keys, null)]), Time);
    }

    public FakeTimeProvider Time { get; } = new();

    public KubernetesTokens Issuer { get; }

    public FakeLoader Loader { get; }

    public KeySource Keys { get; }

    public ValueTask<AuthenticationResult> VerifyAsync(string token, string? clusterId = null)
        => _verifier.VerifyAsync(token, clusterId, CancellationToken.None);

    /// <summary>The reason of the refusal; null when the token was taken.</summary>
    public async Task<string?> ReasonAsync(string token)
    {
        var result = await VerifyAsync(token);
        Assert.Equal(result.Succeeded, result.Refusal is null);
        if (result.Refusal is { } refusal && refusal.Reason != "token_keys_unavailable")
        {
            Assert.Equal(RefusalCode.Unauthenticated, refusal.Code);
        }

        return result.Refusal?.Reason;
    }

    public Task<string?> ReasonAsync(KubernetesTokenOptions options) => ReasonAsync(Issuer.Create(options: options));

    /// <summary>Until no load runs beside.</summary>
    public async Task Idle()
    {
        while (Keys.Loading is { } load)
        {
            await load;
        }
    }

    public void Dispose() => Issuer.Dispose();
}
