namespace MeshGrains.Gateway.Rest;

/// <summary>
/// Begins a rotation. <paramref name="ReissueOverSeconds"/>: over how long agents replace what chains to the leaving root; 0 at their usual half lives.
/// Left out, <c>rotation.compromisedReissueOver</c> for a compromised root, else 0.
/// </summary>
internal sealed record StartRotationBody(string Reason, bool Compromised = false, int? ReissueOverSeconds = null);

/// <summary>A word to the rotation under way. <paramref name="RotationId"/>, when given, must be that one's.</summary>
internal sealed record ChangeRotationBody(string Reason, string? RotationId = null);
