namespace MeshGrains.Gateway;

/// <summary>Section <c>nodeAttestation.x509pop</c>: nodes that hold a certificate of another PKI, and its key.</summary>
public sealed class X509PopOptions
{
    /// <summary>PEM certificates that a node's certificate must chain to; read again when it changes. Empty: nobody is admitted this way.</summary>
    public string CaFile { get; set; } = "";

    /// <summary>What names the agent: <c>fingerprint</c> (SHA-1 of the certificate, as SPIRE names it) or <c>commonName</c> of its subject.</summary>
    public string Name { get; set; } = "fingerprint";

    /// <summary>Common names that are admitted, exact or with a leading <c>*.</c>; empty admits every certificate of the CA.</summary>
    public IList<string> CommonNames { get; } = [];
}
