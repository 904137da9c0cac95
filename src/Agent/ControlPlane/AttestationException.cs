namespace MeshGrains.Agent.ControlPlane;

/// <summary>The node got no SVID of its own; <paramref name="reason"/> is a stable word for metrics.</summary>
internal sealed class AttestationException(string reason, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public string Reason => reason;
}
