namespace MeshGrains.Grains;

/// <summary>What kind of certificate a record tells of. The numbers are stored.</summary>
public enum IssuanceRecordKind
{
    X509Svid = 1,
    IssuingCa = 2,
    RootAuthority = 3,
}
