namespace MeshGrains.Agent;

/// <summary>Section <c>node.x509pop</c>: a certificate that this node holds already. Both files are read at each attempt.</summary>
internal sealed class X509PopNodeOptions
{
    /// <summary>PEM: the node's certificate, then its intermediates.</summary>
    public string CertificateFile { get; set; } = "";

    /// <summary>PEM: the certificate's key, not encrypted; it stays here.</summary>
    public string KeyFile { get; set; } = "";
}
