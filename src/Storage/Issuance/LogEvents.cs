using System.Diagnostics;

namespace MeshGrains.Storage;

/// <summary>
/// Named points of a commit, for drills that stop the process there. They go to the <see cref="DiagnosticListener"/> named
/// <c>MeshGrains.Storage</c> and cost nothing while nobody listens.
/// </summary>
internal static class LogEvents
{
    /// <summary>A batch was taken; nothing of it is written.</summary>
    public const string Begun = "log.batch.begun";

    /// <summary>All of the batch is written and nothing of it is committed.</summary>
    public const string Written = "log.batch.written";

    /// <summary>The batch is durable; none of its callers knows.</summary>
    public const string Synced = "log.batch.synced";

    private static readonly DiagnosticListener Listener = new("MeshGrains.Storage");

    public static void Raise(string name)
    {
        if (Listener.IsEnabled() && Listener.IsEnabled(name))
        {
            Write(name);
        }
    }

    [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "The events carry no payload.")]
    private static void Write(string name) => Listener.Write(name, null);
}
