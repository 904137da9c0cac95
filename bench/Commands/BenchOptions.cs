namespace MeshGrains.Bench;

/// <summary>What the command line of <c>bench</c> says.</summary>
/// <param name="Quick">Shorter runs; the figures are rougher.</param>
/// <param name="Json">Where the flat JSON object goes besides the table.</param>
/// <param name="Server">The meshgrains executable; the release build of this tree unless told.</param>
/// <param name="Keep">Keeps the scratch folder.</param>
/// <param name="Only">The parts that are measured; all when empty. The figures of the others are null.</param>
internal sealed record BenchOptions(bool Quick, string? Json, string? Server, bool Keep, IReadOnlyList<BenchPart> Only)
{
    public bool Wants(BenchPart part) => Only.Count == 0 || Only.Contains(part);
}
