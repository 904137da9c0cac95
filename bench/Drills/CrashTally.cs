namespace MeshGrains.Bench;

/// <summary>What a series of kills cost.</summary>
/// <param name="Kills">Kills in all.</param>
/// <param name="AtPoints">Those at named points.</param>
/// <param name="Issued">Certificates that reached clients.</param>
/// <param name="Unrecorded">Certificates of those that the log did not know after a restart.</param>
/// <param name="DuplicateSerials">Serials that two certificates or two records have.</param>
/// <param name="Registrations">Entries that were acknowledged.</param>
/// <param name="LostRegistrations">Those that were gone after a restart.</param>
internal sealed record CrashTally(int Kills, int AtPoints, int Issued, int Unrecorded, int DuplicateSerials, int Registrations, int LostRegistrations);
