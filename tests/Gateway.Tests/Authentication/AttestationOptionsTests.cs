using MeshGrains.Testing;
using Microsoft.Extensions.Configuration;

namespace MeshGrains.Gateway.Tests.Authentication;

public sealed class AttestationOptionsTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    private KubernetesIssuerOptions Good(string name = "prod")
        => new() { Name = name, Issuer = KubernetesTokens.DefaultIssuer, JwksFile = _folder.Write("jwks.json", "{}") };

    private static string[] Errors(params KubernetesIssuerOptions[] issuers)
    {
        var options = new AttestationOptions();
        foreach (var issuer in issuers)
        {
            options.Kubernetes.Add(issuer);
        }

        return [.. new AttestationOptionsValidator().Validate(null, options).Failures ?? []];
    }

    private void AssertError(string expected, Action<KubernetesIssuerOptions> edit)
    {
        var issuer = Good();
        edit(issuer);
        Assert.Contains(expected, Assert.Single(Errors(issuer)), StringComparison.Ordinal);
    }

    [Fact]
    public void Good_options_and_none_at_all_are_accepted()
    {
        Assert.Empty(Errors());
        Assert.Empty(Errors(Good()));
        Assert.Empty(Errors(new KubernetesIssuerOptions { Name = "a", Issuer = KubernetesTokens.DefaultIssuer, Discovery = "true" }));
    }

    [Fact]
    public void Every_bad_option_is_named()
    {
        AssertError("attestation.kubernetes[0].name", issuer => issuer.Name = "");
        AssertError("attestation.kubernetes[0].name", issuer => issuer.Name = "a/b");
        AssertError(".issuer", issuer => issuer.Issuer = "");
        AssertError(".audience", issuer => issuer.Audience = "two words");
        AssertError("exactly one of", issuer => issuer.Discovery = "true");
        AssertError("exactly one of", issuer => issuer.JwksFile = null);
        AssertError("there is no file", issuer => issuer.JwksFile = "/nowhere/jwks.json");
        AssertError("there is no file", issuer => issuer.CaFile = "/nowhere/ca.pem");
        AssertError("https URL", issuer => (issuer.JwksFile, issuer.JwksUri) = (null, "http://127.0.0.1/jwks"));
        AssertError("https URL", issuer => (issuer.JwksFile, issuer.Discovery) = (null, "ftp://x"));
        AssertError("tokenReview.apiServer", issuer => (issuer.JwksFile, issuer.TokenReview) = (null, new TokenReviewOptions { ApiServer = "nope" }));
        AssertError("tokenReview.maxConcurrent", issuer => (issuer.JwksFile, issuer.TokenReview) = (null, new TokenReviewOptions { ApiServer = "https://x", MaxConcurrent = 0 }));
        AssertError("HS256", issuer => issuer.Algorithms.Add("HS256"));
        AssertError("none", issuer => issuer.Algorithms.Add("none"));
        AssertError("allowedPaths", issuer => issuer.AllowedPaths.Add("ns/"));
        AssertError("clusterIds", issuer => issuer.ClusterIds.Add(" "));
        AssertError("clockSkew", issuer => issuer.ClockSkew = TimeSpan.FromHours(1));
        AssertError("maxKeyAge", issuer => issuer.MaxKeyAge = TimeSpan.FromSeconds(1));
        AssertError("timeout", issuer => issuer.Timeout = TimeSpan.Zero);
    }

    [Fact]
    public void Sources_need_names_of_their_own_and_clusters_that_share_an_issuer_ids_of_their_own()
    {
        var other = Good("other");
        Assert.Contains("several times", Assert.Single(Errors(Good(), other)), StringComparison.Ordinal);
        other.ClusterIds.Add("west");
        Assert.Empty(Errors(Good(), other));
        var third = Good("third");
        third.ClusterIds.Add("west");
        Assert.Contains("several times", Assert.Single(Errors(other, third)), StringComparison.Ordinal);
        var twin = Good();
        twin.Issuer = "https://elsewhere.example";
        Assert.Contains("twice", Assert.Single(Errors(Good(), twin)), StringComparison.Ordinal);
    }

    [Fact]
    public void Options_bind_from_configuration()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["attestation:kubernetes:0:name"] = "prod",
            ["attestation:kubernetes:0:issuer"] = "https://k",
            ["attestation:kubernetes:0:discovery"] = "True",
            ["attestation:kubernetes:0:clusterIds:0"] = "Kubernetes",
            ["attestation:kubernetes:0:allowedPaths:0"] = "/ns/",
            ["attestation:kubernetes:0:algorithms:0"] = "ES256",
            ["attestation:kubernetes:0:clockSkew"] = "00:01:00",
            ["attestation:kubernetes:1:name"] = "review",
            ["attestation:kubernetes:1:tokenReview:apiServer"] = "https://api",
            ["limits:maxConcurrentCalls"] = "77",
        }).Build();
        var attestation = configuration.GetSection(AttestationOptions.SectionName).Get<AttestationOptions>()!;

        Assert.Equal(2, attestation.Kubernetes.Count);
        var first = attestation.Kubernetes[0];
        Assert.Equal("https://k", first.DiscoveryAddress);
        Assert.Equal("istio-ca", first.Audience);
        Assert.Equal(["Kubernetes"], first.ClusterIds);
        Assert.Equal(["/ns/"], first.AllowedPaths);
        Assert.Equal(["ES256"], first.Algorithms);
        Assert.Equal(TimeSpan.FromMinutes(1), first.ClockSkew);
        Assert.Equal("https://api", attestation.Kubernetes[1].TokenReview!.ApiServer);
        Assert.Equal(77, configuration.GetSection(LimitsOptions.SectionName).Get<LimitsOptions>()!.MaxConcurrentCalls);
    }
}
