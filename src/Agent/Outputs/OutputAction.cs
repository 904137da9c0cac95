using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using MeshGrains.Agent.Workloads;

namespace MeshGrains.Agent.Outputs;

/// <summary>Tells a program that its files are new: a signal, or a command that has to succeed.</summary>
internal static class OutputAction
{
    private const int MaxTold = 512;
    private const int MaxPidFile = 32;

    /// <exception cref="IOException">It did not work; the text says why.</exception>
    public static async Task RunAsync(OutputOptions output, TimeProvider time, CancellationToken cancellationToken)
    {
        if (output.Signal.Length > 0)
        {
            Signal(output);
        }
        else if (output.Command.Count > 0)
        {
            await CommandAsync(output, time, cancellationToken);
        }
    }

    private static void Signal(OutputOptions output)
    {
        var text = ReadStart(output.PidFile).Trim();
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid <= 1)
        {
            throw new IOException($"{output.PidFile} holds no process id");
        }

        if (Native.Kill(pid, OutputPlan.SignalOf(output.Signal)!.Value) != 0)
        {
            throw new IOException($"process {pid} of {output.PidFile} took no {output.Signal}: it is gone or not this agent's to signal");
        }
    }

    private static string ReadStart(string file)
    {
        using var stream = File.OpenRead(file);
        Span<byte> start = stackalloc byte[MaxPidFile];
        return Encoding.ASCII.GetString(start[..stream.ReadAtLeast(start, MaxPidFile, throwOnEndOfStream: false)]);
    }

    private static async Task CommandAsync(OutputOptions output, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), limit, output.CommandTimeout, Timeout.InfiniteTimeSpan);
        Process? process = null;
        try
        {
            process = Process.Start(new ProcessStartInfo(output.Command[0], output.Command.Skip(1)) { RedirectStandardError = true, RedirectStandardOutput = true })
                ?? throw new IOException($"{output.Command[0]} did not start");
            process.OutputDataReceived += static (_, _) => { };
            process.BeginOutputReadLine();
            var said = new List<string>();
            process.ErrorDataReceived += (_, line) =>
            {
                if (line.Data is { } text && said.Sum(one => one.Length) < MaxTold)
                {
                    said.Add(text[..Math.Min(text.Length, MaxTold)]);
                }
            };
            process.BeginErrorReadLine();
            await process.WaitForExitAsync(limit.Token);
            if (process.ExitCode != 0)
            {
                throw new IOException($"{output.Command[0]} ended with {process.ExitCode}: {string.Join(' ', said)}");
            }
        }
        catch (Win32Exception failure)
        {
            throw new IOException($"{output.Command[0]} cannot be run: {failure.Message}", failure);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"{output.Command[0]} was still running after {Durations.Format(output.CommandTimeout)} and was ended");
        }
        finally
        {
            if (process is { HasExited: false })
            {
                process.Kill(entireProcessTree: true);
            }

            process?.Dispose();
        }
    }
}
