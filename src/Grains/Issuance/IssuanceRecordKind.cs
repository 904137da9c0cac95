namespace MeshGrains.Grains;

/// <summary>What kind of certificate a record tells of. The numbers are stored.</summary>
public enum IssuanceRecordKind
{
    X509Svid = 1,
    IssuingCa = 2,
    RootAuthority = 3,

    /// <summary>A JWT-SVID: the serial is random and in the log alone, the hash that of the whole token; the shard is that of the issuing CA of the silo that signed.</summary>
    JwtSvid = 4,

    /// <summary>
    /// A gateway's own certificate under the root that a rotation is draining, from before the drain: it is no workload's, and every silo says of it
    /// by its bundle number whether it still serves it. Silos of versions before rotation cannot read it, as they take no part in one.
    /// </summary>
    GatewaySvid = 5,
}
