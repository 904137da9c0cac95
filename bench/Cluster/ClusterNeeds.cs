namespace MeshGrains.Bench;

/// <summary>What a drill or a measurement of a cluster cannot do without.</summary>
internal static class ClusterNeeds
{
    /// <summary>The exit code of a drill that could not run: it neither passed nor failed.</summary>
    public const int Skipped = 3;

    /// <summary>Null when everything is there, else the word for what is missing.</summary>
    public static string? Missing() => MeshTree.Host != "Orleans"
        ? $"the grain host is {MeshTree.Host}, which is one process: a cluster needs Orleans' packages (GrainHost=Orleans)"
        : ClusterStores.Missing(redisIsGiven: false, blobIsGiven: false);

    /// <summary>Says that nothing ran and why; the JSON holds nothing but the host and the reason.</summary>
    public static int TellSkipped(string name, string why, string? json)
    {
        var figures = new FigureSet();
        figures.Set("host", MeshTree.Host);
        figures.Set("skipped", why);
        figures.Save(json);
        Console.Error.WriteLine($"{name}: SKIPPED: {why}");
        return Skipped;
    }
}
