namespace MeshGrains.Agent.Workloads;

/// <summary>An attestor cannot tell its selectors; <paramref name="reason"/> is a stable word for metrics.</summary>
internal sealed class AttestorException(string reason, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public string Reason => reason;
}
