namespace MeshGrains.Grains;

/// <summary>Section <c>federation.endpoint.acme</c>: the endpoint gets its Web PKI certificate by itself (RFC 8555). In force where <see cref="DomainName"/> is set.</summary>
public sealed class FederationAcmeOptions
{
    public const string TlsAlpn = "tls-alpn-01";
    public const string Http = "http-01";

    /// <summary>The name that peers know the endpoint by. Empty, the default: no ACME.</summary>
    public string DomainName { get; set; } = "";

    /// <summary>Whom the CA may write to about the account. Empty, the default: nobody.</summary>
    public string Email { get; set; } = "";

    /// <summary>That the CA's terms of service were read and agreed to. Nothing is asked of the CA before it is true. Default false.</summary>
    public bool TermsOfServiceAgreed { get; set; }

    /// <summary>The CA's directory. Default: Let's Encrypt.</summary>
    public string DirectoryUrl { get; set; } = "https://acme-v02.api.letsencrypt.org/directory";

    /// <summary>CAs for the directory's own TLS certificate, PEM; empty, the default: the system's.</summary>
    public string CaFile { get; set; } = "";

    /// <summary><c>tls-alpn-01</c> (the default: answered on the endpoint itself, which the CA asks at port 443) or <c>http-01</c> (on <see cref="HttpListen"/>, which the CA asks at port 80).</summary>
    public string Challenge { get; set; } = TlsAlpn;

    /// <summary>For <c>http-01</c>: address and port. Plain HTTP; nothing but the challenge's answer is there.</summary>
    public string HttpListen { get; set; } = "";

    /// <summary>External account binding: the key's id that the CA gave. Empty, the default: none.</summary>
    public string ExternalAccountKeyId { get; set; } = "";

    /// <summary>The file with that key, base64url as the CA gave it.</summary>
    public string ExternalAccountKeyFile { get; set; } = "";

    public bool IsOn => DomainName.Length > 0;
}
