using System.Net;

namespace MeshGrains.Silo;

/// <summary>Where this silo listens for other silos; null when the grain host opens no port.</summary>
internal sealed record SiloEndpoint(IPEndPoint? Listen);
