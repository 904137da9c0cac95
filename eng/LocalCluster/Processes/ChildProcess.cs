using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace MeshGrains.LocalCluster;

/// <summary>
/// A process that this one started. All of them are ended by their ids when this process ends, however it ends short of SIGKILL.
/// What they print is kept, the last lines only.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const int KeptLines = 400;

    private static readonly ConcurrentDictionary<int, Process> Running = new();

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly Task _reading;
    private readonly OutputFile? _file;

    static ChildProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) => EndAll();

    private ChildProcess(Process process, OutputFile? file)
    {
        _process = process;
        _file = file;
        Running[process.Id] = process;
        _reading = Task.WhenAll(KeepAsync(process.StandardOutput), KeepAsync(process.StandardError));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>The last lines of standard output and error.</summary>
    public string Output => string.Join('\n', _lines);

    /// <param name="program">A path, or a name on PATH.</param>
    /// <param name="arguments">Passed as they are.</param>
    /// <param name="environment">Variables to add; a null value removes one.</param>
    /// <param name="folder">The folder to run in; the current one unless told.</param>
    /// <param name="outputFile">A file that what it prints is appended to besides; it is kept within some megabytes.</param>
    public static ChildProcess Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? folder = null, string? outputFile = null)
        => new(Launch(program, arguments, environment, folder), outputFile is null ? null : new OutputFile(outputFile));

    /// <summary>Runs a program to its end and gives its standard output.</summary>
    /// <exception cref="InvalidOperationException">It could not be started, or ended with another code than 0.</exception>
    public static async Task<string> ReadAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken, string? folder = null)
    {
        using var process = Launch(program, arguments, null, folder);
        Running[process.Id] = process;
        try
        {
            process.StandardInput.Close();
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0
                ? output
                : throw new InvalidOperationException($"'{program} {string.Join(' ', process.StartInfo.ArgumentList)}' ended with {process.ExitCode}: {output}{await errors}");
        }
        finally
        {
            End(process);
        }
    }

    /// <summary>The full path of a program on PATH, null when there is none.</summary>
    public static string? Find(string program)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>SIGKILL, and the wait until the process is gone.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await WaitAsync(TimeSpan.FromSeconds(10));
    }

    /// <summary>SIGTERM, and SIGKILL when that does not end the process within the time.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        if (!_process.HasExited)
        {
            Signals.Send(_process.Id, Signals.Terminate);
            if (!await WaitAsync(patience))
            {
                await KillAsync();
            }
        }
    }

    /// <summary>True when the process ended within the time.</summary>
    public async Task<bool> WaitAsync(TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Completes when the process has ended.</summary>
    public Task WaitForExitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await Task.WhenAny(_reading, Task.Delay(TimeSpan.FromSeconds(1)));
        _file?.Dispose();
        End(_process);
        _process.Dispose();
    }

    private static Process Launch(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment, string? folder)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException($"'{program}' did not start.");
    }

    private static void EndAll()
    {
        foreach (var process in Running.Values)
        {
            End(process);
        }
    }

    private static void End(Process process)
    {
        foreach (var (id, running) in Running)
        {
            if (ReferenceEquals(running, process))
            {
                Running.TryRemove(id, out _);
            }
        }

        try
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        catch (InvalidOperationException)
        {
            // It is gone already.
        }
    }

    private async Task KeepAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            _lines.Enqueue(line);
            _file?.Append(line);
            while (_lines.Count > KeptLines)
            {
                _lines.TryDequeue(out _);
            }
        }
    }
}
