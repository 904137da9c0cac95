using MeshGrains.Gateway.Acme;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Acme;

public sealed class AcmeRulesTests
{
    [Fact]
    public void What_is_complete_is_taken_and_nothing_is_asked_of_a_section_that_is_not_there()
    {
        Assert.Empty(Errors(_ => { }));
        Assert.Empty(Errors(endpoint => endpoint.Acme = new FederationAcmeOptions()));
        Assert.Empty(Errors(endpoint => (endpoint.Acme.Challenge, endpoint.Acme.HttpListen) = ("http-01", "0.0.0.0:8080")));
        Assert.Empty(Errors(endpoint => (endpoint.Acme.ExternalAccountKeyId, endpoint.Acme.ExternalAccountKeyFile, endpoint.Acme.Email) = ("k", "/run/key", "mesh@example.org")));
    }

    [Theory]
    [InlineData("terms", "termsOfServiceAgreed is false")]
    [InlineData("name", "'*.example.org' is no DNS name")]
    [InlineData("plain", "is no https URL")]
    [InlineData("spiffe", "is for federation.endpoint.profile https_web")]
    [InlineData("files", "give one of the two ways")]
    [InlineData("nowhere", "federation.endpoint.listen is empty")]
    [InlineData("dns", "give tls-alpn-01 or http-01")]
    [InlineData("http", "httpListen belongs to challenge http-01")]
    [InlineData("port", "is not an address with a port")]
    [InlineData("eab", "belong together")]
    [InlineData("email", "is not one address")]
    [InlineData("nameless", "domainName is missing")]
    public void What_cannot_work_is_refused_with_what_to_do(string wrong, string words)
    {
        var error = Assert.Single(Errors(endpoint => Spoil(endpoint, wrong)));
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.StartsWith("federation.endpoint.acme", error, StringComparison.Ordinal);
    }

    private static void Spoil(FederationEndpointOptions endpoint, string wrong)
    {
        var acme = endpoint.Acme;
        _ = wrong switch
        {
            "terms" => (object)(acme.TermsOfServiceAgreed = false),
            "name" => acme.DomainName = "*.example.org",
            "plain" => acme.DirectoryUrl = "http://ca.test/dir",
            "spiffe" => endpoint.Profile = BundleEndpointProfile.Spiffe,
            "files" => endpoint.CertificateFile = "/c.pem",
            "nowhere" => endpoint.Listen = "",
            "dns" => acme.Challenge = "dns-01",
            "http" => acme.Challenge = FederationAcmeOptions.Http,
            "port" => (acme.Challenge, acme.HttpListen) = (FederationAcmeOptions.Http, "everywhere"),
            "eab" => acme.ExternalAccountKeyId = "kid",
            "email" => acme.Email = "a@b, c@d",
            _ => acme.DomainName = "",
        };
    }

    private static List<string> Errors(Action<FederationEndpointOptions> change)
    {
        var endpoint = new FederationEndpointOptions
        {
            Listen = "0.0.0.0:8445", Profile = BundleEndpointProfile.Web, Acme = new FederationAcmeOptions { DomainName = "spiffe.example.org", TermsOfServiceAgreed = true },
        };
        change(endpoint);
        var errors = new List<string>();
        AcmeRules.Check(endpoint, errors);
        return errors;
    }
}
