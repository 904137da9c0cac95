using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>What a command has of the world besides files and sockets.</summary>
internal sealed record CliHost(TextWriter Output, TextWriter Error, TextReader Input, TimeProvider Time, ISerialSource Serials)
{
    /// <summary>How the program is called in texts: the <c>mesh</c> script sets it, so that the lines shown are the lines to type.</summary>
    public string CommandName { get; init; } = "meshctl";

    public static CliHost OfThisProcess() => new(Console.Out, Console.Error, Console.In, TimeProvider.System, RandomSerialSource.Shared)
    {
        CommandName = Environment.GetEnvironmentVariable("MESH_COMMAND") is { Length: > 0 } mesh ? $"{mesh} ctl" : "meshctl",
    };
}
