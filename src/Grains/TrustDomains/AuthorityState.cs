namespace MeshGrains.Grains;

/// <summary>The life of an authority. The numbers are stored.</summary>
public enum AuthorityState
{
    Prepared = 1,
    Active = 2,
    Old = 3,
    Tainted = 4,
    Revoked = 5,
}
