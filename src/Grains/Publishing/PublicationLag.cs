namespace MeshGrains.Grains;

/// <summary>How far the readers of an output surely are.</summary>
internal static class PublicationLag
{
    /// <summary>The bundle number that no reader of the output shows less than: its own once the declared lag has passed, the one before until then.</summary>
    public static long Reached(BundlePublication output, DateTimeOffset now) =>
        output.Since + TimeSpan.FromSeconds(output.DeclaredLagSeconds) <= now ? output.Number : output.Number - 1;
}
