namespace MeshGrains.Cli;

/// <summary>What scripts can tell apart.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The control plane refused, or something failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line asks for nothing that can be done.</summary>
    public const int Usage = 2;
}
