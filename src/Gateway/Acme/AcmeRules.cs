using System.Buffers;
using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Acme;

/// <summary>What may stand in <c>federation.endpoint.acme</c>.</summary>
internal static class AcmeRules
{
    private const string Section = "federation.endpoint.acme";
    private const int MaxText = 1024;
    private static readonly SearchValues<char> NoAddress = SearchValues.Create(" ,;?%<>\"");

    public static void Check(FederationEndpointOptions endpoint, List<string> errors)
    {
        var acme = endpoint.Acme;
        if (!acme.IsOn)
        {
            if (acme.TermsOfServiceAgreed || acme.Email.Length > 0 || acme.HttpListen.Length > 0 || acme.ExternalAccountKeyId.Length > 0)
            {
                errors.Add($"{Section}.domainName is missing: give the name that peers reach the endpoint by, or leave the whole section away.");
            }

            return;
        }

        CheckPlace(endpoint, errors);
        CheckChallenge(acme, errors);
        if (!DnsName.IsValid(acme.DomainName) || acme.DomainName.Any(char.IsAsciiLetterUpper))
        {
            errors.Add($"{Section}.domainName: '{acme.DomainName}' is no DNS name that a CA certifies; write it in lower case, without a wildcard and a last dot.");
        }

        if (!acme.TermsOfServiceAgreed)
        {
            errors.Add($"{Section}.termsOfServiceAgreed is false: read the terms of service that {acme.DirectoryUrl} names, and set it to true when you agree.");
        }

        if (!Uri.TryCreate(acme.DirectoryUrl, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttps || url.UserInfo.Length > 0)
        {
            errors.Add($"{Section}.directoryUrl: '{acme.DirectoryUrl}' is no https URL; write one such as https://acme-v02.api.letsencrypt.org/directory.");
        }

        if (acme.Email.Length > 0 && (acme.Email.Length > MaxText || acme.Email.Split('@') is not [{ Length: > 0 }, { Length: > 0 }] || acme.Email.AsSpan().ContainsAny(NoAddress)))
        {
            errors.Add($"{Section}.email: '{acme.Email}' is not one address such as mesh@example.org.");
        }

        if ((acme.ExternalAccountKeyId.Length > 0) != (acme.ExternalAccountKeyFile.Length > 0) || acme.ExternalAccountKeyId.Length > MaxText)
        {
            errors.Add($"{Section}: externalAccountKeyId and externalAccountKeyFile belong together; give both as the CA gave them, or neither.");
        }
    }

    private static void CheckPlace(FederationEndpointOptions endpoint, List<string> errors)
    {
        if (endpoint.Listen.Length == 0)
        {
            errors.Add($"{Section} is set and federation.endpoint.listen is empty: there is no endpoint that a certificate could be for.");
        }

        if (endpoint.Profile != BundleEndpointProfile.Web)
        {
            errors.Add($"{Section} is for federation.endpoint.profile https_web; with {endpoint.Profile} the endpoint shows the gateway's SVID.");
        }

        if (endpoint.CertificateFile.Length > 0 || endpoint.KeyFile.Length > 0)
        {
            errors.Add($"{Section} and federation.endpoint.certificateFile or keyFile are both set; give one of the two ways to a certificate.");
        }
    }

    private static void CheckChallenge(FederationAcmeOptions acme, List<string> errors)
    {
        if (acme.Challenge is not (FederationAcmeOptions.TlsAlpn or FederationAcmeOptions.Http))
        {
            errors.Add($"{Section}.challenge is '{acme.Challenge}'; give tls-alpn-01 or http-01.");
        }

        if ((acme.Challenge == FederationAcmeOptions.Http) != (acme.HttpListen.Length > 0))
        {
            errors.Add($"{Section}: httpListen belongs to challenge http-01; give an address such as 0.0.0.0:8080 with it, and none without.");
        }

        if (acme.HttpListen.Length > 0 && !ListenAddress.TryParse(acme.HttpListen, out _))
        {
            errors.Add($"{Section}.httpListen: '{acme.HttpListen}' is not an address with a port; write one such as '0.0.0.0:8080'.");
        }
    }
}
