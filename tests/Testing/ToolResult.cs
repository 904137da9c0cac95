using System.Diagnostics;
using System.Text;

namespace MeshGrains.Testing;

/// <summary>What a program left: its exit code and all that it wrote.</summary>
public sealed class ToolResult
{
    private readonly ProcessStartInfo _start;

    internal ToolResult(ProcessStartInfo start, int exitCode, byte[] outputBytes, string errors)
    {
        _start = start;
        ExitCode = exitCode;
        OutputBytes = outputBytes;
        Errors = errors;
    }

    public int ExitCode { get; }

    public byte[] OutputBytes { get; }

    /// <summary>Standard output as UTF-8 text.</summary>
    public string Output => Encoding.UTF8.GetString(OutputBytes);

    /// <summary>Standard error as UTF-8 text.</summary>
    public string Errors { get; }

    /// <summary>Itself when the program ended with 0; otherwise an exception that shows the command and all it wrote.</summary>
    public ToolResult EnsureSuccess()
        => ExitCode == 0 ? this : throw new InvalidOperationException(ToString());

    public override string ToString()
        => $"{_start.FileName} {string.Join(' ', _start.ArgumentList)} ended with {ExitCode}.\n{Output}\n{Errors}";
}
