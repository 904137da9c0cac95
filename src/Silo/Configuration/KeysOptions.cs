namespace MeshGrains.Silo;

/// <summary>Section <c>keys</c>: where the root key and the record key's wrapping key live.</summary>
internal sealed class KeysOptions
{
    /// <summary><c>file:keys</c> (below the data directory; not for production), <c>azurekms:https://…</c> or <c>pkcs11:…</c>.</summary>
    public string Uri { get; set; } = "file:keys";

    /// <summary>PEM file with the only roots trusted for the KMS and its token authority; empty trusts the system's.</summary>
    public string TrustedRootsFile { get; set; } = "";
}
