namespace MeshGrains.LocalCluster;

/// <summary>States in the words that are shown and written to JSON.</summary>
internal static class Words
{
    public static string Of(SupervisedState state) => state switch
    {
        SupervisedState.Running => "running",
        SupervisedState.Waiting => "starting again",
        SupervisedState.Failed => "failed",
        _ => "stopped",
    };
}
