namespace MeshGrains.Grains;

/// <summary>What a denial names. The numbers are stored.</summary>
public enum DenialKind
{
    /// <summary>A SPIFFE ID that gets no new certificates.</summary>
    QuarantinedIdentity = 1,

    /// <summary>A node agent, by SPIFFE ID.</summary>
    BannedAgent = 2,

    /// <summary>A registration entry or template that was deleted, by id: caches may still hold it.</summary>
    DeletedRegistration = 3,

    /// <summary>An issuing CA, by authority id.</summary>
    TaintedAuthority = 4,
}
