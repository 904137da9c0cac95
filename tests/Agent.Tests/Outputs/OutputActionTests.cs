using System.Diagnostics;
using MeshGrains.Agent.Outputs;
using MeshGrains.Agent.Tests.Kit;

namespace MeshGrains.Agent.Tests.Outputs;

public sealed class OutputActionTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("HUP")]
    [InlineData("usr2")]
    public async Task A_signal_goes_to_the_process_of_the_pid_file(string signal)
    {
        using var process = Process.Start("/bin/sh", ["-c", $"trap 'echo told > {_folder.File("told")}; exit 0' {signal.ToUpperInvariant()}; touch {_folder.File("up")}; while :; do sleep 0.05; done"]);
        try
        {
            await Eventually.HoldsAsync(() => File.Exists(_folder.File("up")), "the shell traps the signal");

            await RunAsync(new OutputOptions { Signal = signal, PidFile = _folder.Write("pid", $"{process.Id}\n") });

            await Eventually.HoldsAsync(() => process.HasExited, "it gets the signal");
            Assert.Equal("told\n", File.ReadAllText(_folder.File("told")));
        }
        finally
        {
            process.Kill();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("nginx")]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("-1")]
    [InlineData("99999999999999999999999999999999999999")]
    public async Task A_pid_file_without_a_process_id_signals_nobody(string text)
    {
        var failure = await Assert.ThrowsAsync<IOException>(() => RunAsync(new OutputOptions { Signal = "HUP", PidFile = _folder.Write("pid", text) }));

        Assert.Contains("holds no process id", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_is_gone_is_told_of()
    {
        using var process = Process.Start("/bin/true");
        await process.WaitForExitAsync();

        var failure = await Assert.ThrowsAsync<IOException>(() => RunAsync(new OutputOptions { Signal = "HUP", PidFile = _folder.Write("pid", $"{process.Id}") }));

        Assert.Contains("is gone", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_pid_file_is_a_failure_that_is_tried_again() =>
        await Assert.ThrowsAsync<FileNotFoundException>(() => RunAsync(new OutputOptions { Signal = "HUP", PidFile = _folder.File("none") }));

    [Fact]
    public async Task A_command_gets_its_arguments_as_they_are()
    {
        await RunAsync(new OutputOptions { Command = ["/bin/cp", "/dev/null", _folder.File("a file; echo")] });

        Assert.True(File.Exists(_folder.File("a file; echo")));
    }

    [Fact]
    public async Task A_failing_command_tells_its_code_and_what_it_said()
    {
        var failure = await Assert.ThrowsAsync<IOException>(() => RunAsync(new OutputOptions { Command = ["/bin/sh", "-c", "echo no such host >&2; exit 7"] }));

        Assert.Contains("ended with 7: no such host", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_is_not_there_is_told_of()
    {
        var failure = await Assert.ThrowsAsync<IOException>(() => RunAsync(new OutputOptions { Command = [_folder.File("none")] }));

        Assert.Contains("cannot be run", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_hangs_is_ended_with_its_children()
    {
        var script = $"echo $$ > {_folder.File("pid")}; sleep 600; true";

        var failure = await Assert.ThrowsAsync<IOException>(
            () => RunAsync(new OutputOptions { Command = ["/bin/sh", "-c", script], CommandTimeout = TimeSpan.FromSeconds(1) }));

        Assert.Contains("still running after 1s", failure.Message, StringComparison.Ordinal);
        var pid = File.ReadAllText(_folder.File("pid")).Trim();
        await Eventually.HoldsAsync(() => !Directory.Exists($"/proc/{pid}"), "it is gone");
    }

    private static Task RunAsync(OutputOptions output) => OutputAction.RunAsync(output, TimeProvider.System, CancellationToken.None);
}
