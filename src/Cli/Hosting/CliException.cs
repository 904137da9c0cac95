namespace MeshGrains.Cli;

/// <summary>Ends a command with one line for its user. The message never holds a token or a key.</summary>
internal sealed class CliException : Exception
{
    private CliException(string message, int exitCode, ProblemDocument? problem = null, Exception? inner = null)
        : base(message, inner)
    {
        ExitCode = exitCode;
        Problem = problem;
    }

    public int ExitCode { get; }

    /// <summary>What the control plane answered; null where the trouble is on this side.</summary>
    public ProblemDocument? Problem { get; }

    public static CliException Failed(string message, Exception? inner = null) => new(message, Cli.ExitCode.Failed, inner: inner);

    public static CliException Usage(string message) => new(message, Cli.ExitCode.Usage);

    public static CliException Refused(ProblemDocument problem) => new(problem.ToString(), Cli.ExitCode.Failed, problem);
}
