namespace MeshGrains.Bench;

/// <summary>What the command line of <c>drill</c> says.</summary>
/// <param name="Json">Where the flat JSON object goes besides the table.</param>
/// <param name="Server">The meshgrains executable; the release build of this tree unless told.</param>
/// <param name="Keep">Keeps the scratch folder.</param>
/// <param name="Seed">Of the random moments.</param>
/// <param name="Kills">How many kills the crash drill makes; 30 unless told.</param>
/// <param name="Life">Life of an issuing CA in the kms-outage drill.</param>
/// <param name="Holders">How many certificates live in the rotate-holders drill.</param>
/// <param name="Rate">At which they are re-issued there, in certificates a second.</param>
/// <param name="From">The older version in the upgrade drill: a git ref or a folder.</param>
internal sealed record DrillOptions(string? Json, string? Server, bool Keep, int Seed, int? Kills, TimeSpan Life, int Holders, int Rate, string From);
