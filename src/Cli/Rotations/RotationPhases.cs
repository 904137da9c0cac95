namespace MeshGrains.Cli;

/// <summary>The phases of a root's rotation in their order, and what each waits for.</summary>
internal static class RotationPhases
{
    public const string Done = "done";

    /// <summary>In their order.</summary>
    public static IReadOnlyList<string> All { get; } = ["prepare", "distribute", "activate", "drain", "retire", Done];

    /// <summary>Whether a rotation in <paramref name="phase"/> has come to <paramref name="wanted"/> or past it.</summary>
    public static bool HasReached(string phase, string wanted) => IndexOf(phase) >= IndexOf(wanted);

    /// <summary>What happens in it, in words; the name itself for one that is not known here.</summary>
    public static string Meaning(string phase) => phase switch
    {
        "prepare" => "the next root is being made in the key manager",
        "distribute" => "the next root lies in the bundle and signs nothing yet; everyone is to trust it first",
        "activate" => "the next root signs; the last moment for a rollback",
        "drain" => "what chains to the leaving root comes to its end; there is no way back",
        "retire" => "nothing live chains to the leaving root; the gateways' own certificates change",
        Done => "the leaving root is out of the bundle",
        _ => phase,
    };

    private static int IndexOf(string phase)
    {
        for (var at = 0; at < All.Count; at++)
        {
            if (All[at] == phase)
            {
                return at;
            }
        }

        return -1;
    }
}
