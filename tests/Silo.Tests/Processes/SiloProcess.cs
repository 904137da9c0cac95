using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>A running <c>meshgrains up</c>, reached as a stranger reaches it. What it prints is kept whole.</summary>
internal sealed partial class SiloProcess : SiloClient
{
    private const int Terminate = 15;
    private const int ContinueSignal = 18;
    private const int StopSignal = 19;

    private readonly Process _process;
    private readonly Transcript _output;
    private readonly Transcript _errors;

    private SiloProcess(string data, JsonNode endpoints, Process process, Transcript output, Transcript errors)
        : base(
            data, new Uri($"https://localhost:{new Uri((string)endpoints["gateway"]!).Port}"), new Uri((string)endpoints["operations"]!),
            (string)endpoints["adminSocket"]!)
    {
        (Endpoints, _process, _output, _errors) = (endpoints, process, output, errors);
    }

    /// <summary>The executable of this build.</summary>
    public static string Executable { get; } = Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory, "..", "..", "Silo", new DirectoryInfo(AppContext.BaseDirectory).Name, "meshgrains"));

    /// <summary>What <c>endpoints.json</c> says.</summary>
    public JsonNode Endpoints { get; }

    public int Id => _process.Id;

    public string Output => _output.Text;

    public string Errors => _errors.Text;

    /// <summary>Starts on free ports and waits until it has said where it listens.</summary>
    public static async Task<SiloProcess> StartAsync(
        string data, IEnumerable<string>? flags = null, IReadOnlyDictionary<string, string?>? environment = null, string? executable = null,
        string listen = "127.0.0.1:0", string trustDomain = TrustDomain)
    {
        var start = new ProcessStartInfo(executable ?? Executable,
            ["up", "--data", data, "--trust-domain", trustDomain, "--listen", listen, "--operations-listen", "127.0.0.1:0", .. flags ?? []])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        var (output, errors) = (new Transcript(process.StandardOutput), new Transcript(process.StandardError));
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            // One that was killed left its own.
            if (TryRead(Path.Combine(data, "endpoints.json")) is { } endpoints && (int?)endpoints["pid"] == process.Id)
            {
                return new SiloProcess(data, endpoints, process, output, errors);
            }

            if (process.HasExited || patience.IsCancellationRequested)
            {
                process.Kill();
                throw new InvalidOperationException($"meshgrains did not start: {output.Text}{errors.Text}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Runs to the end what is expected to end by itself.</summary>
    public static Task<ToolResult> RunAsync(params string[] arguments) => Tool.RunAsync(Executable, arguments);

    /// <summary>Waits until its standard output holds these words.</summary>
    public async Task SaidAsync(string words)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!Output.Contains(words, StringComparison.Ordinal))
        {
            Assert.False(patience.IsCancellationRequested, $"'{words}' was never said: {Output}{Errors}");
            await Task.Delay(20);
        }
    }

    /// <summary>SIGTERM; the exit code when it ends within 30 s, which has to be 0.</summary>
    public async Task<int> StopAsync()
    {
        Signal(Terminate);
        var code = await EndAsync(TimeSpan.FromSeconds(30));
        Assert.True(code == 0, $"It ended with {code}: {Output}{Errors}");
        return code;
    }

    /// <summary>SIGKILL: nothing is said to anybody.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP: connections stay open and nothing answers.</summary>
    public void Freeze() => Signal(StopSignal);

    public void Thaw() => Signal(ContinueSignal);

    /// <summary>The exit code of a process that ends by itself in time.</summary>
    public async Task<int> EndAsync(TimeSpan within)
    {
        using var patience = new CancellationTokenSource(within);
        await _process.WaitForExitAsync(patience.Token);
        await Task.WhenAll(_output.Ended, _errors.Ended);
        return _process.ExitCode;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Signal(int signal) => Assert.Equal(0, Kill(_process.Id, signal));

    private static JsonNode? TryRead(string file)
    {
        try
        {
            return File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file)) : null;
        }
        catch (Exception failure) when (failure is IOException or JsonException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);

    private sealed class Transcript
    {
        private readonly StringBuilder _text = new();

        public Transcript(StreamReader reader) => Ended = ReadAsync(reader);

        public Task Ended { get; }

        public string Text
        {
            get
            {
                lock (_text)
                {
                    return _text.ToString();
                }
            }
        }

        private async Task ReadAsync(StreamReader reader)
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                lock (_text)
                {
                    _text.AppendLine(line);
                }
            }
        }
    }
}
