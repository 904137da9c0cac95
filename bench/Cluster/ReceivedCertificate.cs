namespace MeshGrains.Bench;

/// <summary>A certificate that reached a client.</summary>
/// <param name="Serial">Of the leaf.</param>
/// <param name="Client">Which client.</param>
/// <param name="Asked">When the call was begun (<see cref="System.Diagnostics.Stopwatch.GetTimestamp"/>).</param>
/// <param name="At">When it had come.</param>
internal readonly record struct ReceivedCertificate(UInt128 Serial, int Client, long Asked, long At);
