namespace MeshGrains.Bench;

/// <summary>What starting and idling costs.</summary>
/// <param name="FirstCertificateSeconds">From spawn to the first certificate, the median of several starts with existing state.</param>
/// <param name="IdleMegabytes">Resident memory when idle.</param>
internal sealed record StartFigures(double FirstCertificateSeconds, double IdleMegabytes);
