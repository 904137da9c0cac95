namespace MeshGrains.Gateway;

/// <summary>Which share of the gateway a call draws on before it is authenticated.</summary>
public enum AdmissionClass
{
    /// <summary>A caller without a validated client SVID.</summary>
    Newcomer,

    /// <summary>A caller whose connection carries a validated client SVID; a share of the gateway is kept for these alone.</summary>
    Renewal,
}
