using MeshGrains.Agent.Commands;

namespace MeshGrains.Agent.Tests.Commands;

/// <summary>A command of <c>meshgrains-agent</c>, run in this process, and what it left behind.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    /// <summary>The executable of this build.</summary>
    public static string Executable { get; } = Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory, "..", "..", "Agent", new DirectoryInfo(AppContext.BaseDirectory).Name, "meshgrains-agent"));

    public static async Task<CommandRun> OfAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await AgentCommand.RunAsync(arguments, output, error, CancellationToken.None);
        return new CommandRun(code, output.ToString(), error.ToString());
    }

    public override string ToString() => $"exit code {ExitCode}\n{Output}{Error}";
}
