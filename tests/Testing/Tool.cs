using System.Diagnostics;
using System.Text;
using Xunit;

namespace MeshGrains.Testing;

/// <summary>Foreign programs that prove wire formats: found, run with a time limit, their output captured.</summary>
public static class Tool
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The full path of <paramref name="name"/> (a program on PATH, or the absolute path of any file). When it is missing the test is
    /// skipped with the name of the Debian package; under CI=true it fails instead, so that a check never vanishes unseen.
    /// The test must be a [SkippableFact] or [SkippableTheory].
    /// </summary>
    public static string Require(string name, string debianPackage)
    {
        var path = Find(name);
        RequireThat(path is not null, $"'{name}'", debianPackage);
        return path!;
    }

    /// <summary>The path of Debian's Python 3, which must be able to import <paramref name="module"/>; otherwise as <see cref="Require"/>.</summary>
    public static string RequirePython(string module, string debianPackage)
    {
        var python = Require("/usr/bin/python3", "python3");
        RequireThat(Run(python, ["-c", $"import {module}"]).ExitCode == 0, $"Python's module '{module}'", debianPackage);
        return python;
    }

    /// <summary>Skips (or under CI=true fails) when <paramref name="present"/> is false, naming the Debian package.</summary>
    public static void RequireThat(bool present, string what, string debianPackage)
        => RequireInstalled(present, what, $"Debian's package '{debianPackage}'");

    /// <summary>Skips (or under CI=true fails) when <paramref name="present"/> is false; <paramref name="package"/> says what to install.</summary>
    internal static void RequireInstalled(bool present, string what, string package)
    {
        if (present)
        {
            return;
        }

        var message = $"{what} is not on this machine; install {package} to run this test.";
        if (string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException(message);
        }

        Skip.If(true, message);
    }

    /// <summary>The full path of a program on PATH or of an existing absolute path; null when there is none.</summary>
    public static string? Find(string name)
    {
        if (Path.IsPathRooted(name))
        {
            return File.Exists(name) ? name : null;
        }

        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    /// <inheritdoc cref="RunAsync"/>
    public static ToolResult Run(
        string program, IEnumerable<string> arguments, byte[]? input = null, string? workingDirectory = null,
        IReadOnlyDictionary<string, string?>? environment = null, TimeSpan? timeout = null)
        => Task.Run(() => RunAsync(program, arguments, input, workingDirectory, environment, timeout)).GetAwaiter().GetResult();

    /// <summary>Runs a program to its end; kills its process tree and throws <see cref="TimeoutException"/> after the timeout (60 s unless told).</summary>
    /// <param name="program">A name on PATH or a path.</param>
    /// <param name="arguments">Passed as they are, with no shell between.</param>
    /// <param name="input">Bytes for standard input, which is closed afterwards.</param>
    /// <param name="workingDirectory">The folder to run in; the current one unless told.</param>
    /// <param name="environment">Variables to add; a null value removes one.</param>
    /// <param name="timeout">How long the program may take.</param>
    public static async Task<ToolResult> RunAsync(
        string program, IEnumerable<string> arguments, byte[]? input = null, string? workingDirectory = null,
        IReadOnlyDictionary<string, string?>? environment = null, TimeSpan? timeout = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = workingDirectory ?? "",
        };
        foreach (var (key, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[key] = value;
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"'{program}' did not start.");
        using var limit = new CancellationTokenSource(timeout ?? DefaultTimeout);
        try
        {
            using var output = new MemoryStream();
            var reading = process.StandardOutput.BaseStream.CopyToAsync(output, limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await FeedAsync(process, input, limit.Token);
            await Task.WhenAll(reading, errors);
            await process.WaitForExitAsync(limit.Token);
            return new ToolResult(start, process.ExitCode, output.ToArray(), await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{program} {string.Join(' ', start.ArgumentList)}' was still running after {timeout ?? DefaultTimeout}.");
        }
    }

    private static async Task FeedAsync(Process process, byte[]? input, CancellationToken cancel)
    {
        try
        {
            if (input is not null)
            {
                await process.StandardInput.BaseStream.WriteAsync(input, cancel);
            }

            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading all of its input; its exit code tells why.
        }
    }
}
