namespace MeshGrains.Gateway;

/// <summary>A token whose form and claims are in order and whose signature nobody has checked yet.</summary>
internal sealed record InspectedToken(string Text, KubernetesSource Source, JwsAlgorithm Algorithm, string KeyId, PodIdentity Pod)
{
    /// <summary>The default would print the token.</summary>
    public override string ToString() => $"{Source.Name} {Algorithm} {KeyId}";
}
