namespace MeshGrains.Gateway.Serving;

/// <summary>
/// Where the gateway's own certificate outlives its process, so that a restart without an issuing CA can still answer over TLS and say UNAVAILABLE.
/// The text is PEM: the PKCS#8 key, the leaf, its issuers. It is a secret.
/// </summary>
public interface IServingCertificateStore
{
    /// <summary>What was saved last; null when there is nothing to be read.</summary>
    string? Load();

    /// <summary>Replaces what was saved.</summary>
    void Save(string pem);
}
