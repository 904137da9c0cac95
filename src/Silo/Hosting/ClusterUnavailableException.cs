namespace MeshGrains.Silo;

/// <summary>What the cluster needs was not there within the time given; another start may find it.</summary>
internal sealed class ClusterUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
