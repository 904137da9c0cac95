namespace MeshGrains.Bench;

/// <summary>Renewals alone and beside a flood of bad calls.</summary>
/// <param name="QuietP99">Milliseconds.</param>
/// <param name="FloodP99">Milliseconds.</param>
/// <param name="FloodPerSecond">Bad calls that were answered in a second.</param>
/// <param name="Failed">Renewals that brought no certificate, in both phases.</param>
/// <param name="FirstFailure">How the first of them looked.</param>
internal sealed record FloodFigures(double QuietP99, double FloodP99, double FloodPerSecond, int Failed, string? FirstFailure);
