namespace MeshGrains.Bench;

/// <summary>One fault of the store-faults drill.</summary>
/// <param name="Name">Snake case; part of the keys.</param>
/// <param name="Issued">Certificates received from its beginning to its recovery.</param>
/// <param name="Failures">Certificates that clients did not get in their time.</param>
/// <param name="LongestGap">Of any one client, in seconds, touching the fault or its recovery.</param>
/// <param name="Recovery">Seconds from the fault's end until every client was served and every silo ready.</param>
/// <param name="Restarts">Silos that were started again meanwhile.</param>
internal sealed record FaultPhase(string Name, int Issued, int Failures, double LongestGap, double Recovery, int Restarts);
