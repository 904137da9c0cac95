namespace MeshGrains.Grains;

/// <summary>How a trust bundle is written where it is published.</summary>
public enum BundleFormat
{
    /// <summary>The X.509 authorities alone, as concatenated PEM.</summary>
    Pem,

    /// <summary>The SPIFFE format: a JWK set with X.509 and JWT authorities, sequence and refresh hint.</summary>
    Spiffe,
}
