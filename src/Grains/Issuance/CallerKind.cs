namespace MeshGrains.Grains;

/// <summary>How a caller proved who it is.</summary>
public enum CallerKind
{
    KubernetesToken,
    JoinToken,
    X509Svid,
    LocalOperator,
}
