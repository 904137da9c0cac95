namespace MeshGrains.Grains;

/// <summary>The life of an issuing CA. The numbers are stored.</summary>
public enum IssuingCaState
{
    /// <summary>Authorised; the certificate is not known to have been made.</summary>
    Requested = 1,
    Active = 2,

    /// <summary>Replaced by a newer one of the same silo; its leaves still live.</summary>
    Old = 3,
    Tainted = 4,

    /// <summary>Ended: nothing live chains to it.</summary>
    Retired = 5,
}
