namespace MeshGrains.Grains;

/// <summary>Names of attestation sources with a meaning of their own.</summary>
public static class RegistrationSources
{
    /// <summary>A template with this source serves every source.</summary>
    public const string Any = "*";
}
