using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace MeshGrains.LocalCluster;

/// <summary>Waits, bounded in time, for what another process does.</summary>
public static class Waiting
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);

    /// <summary>Asks again and again, a few milliseconds apart, until there is an answer.</summary>
    /// <exception cref="TimeoutException">There was none in time, or the process ended; the message holds what it printed.</exception>
    public static async Task<T> ForAsync<T>(
        string what, ChildProcess process, Func<CancellationToken, Task<T?>> ask, TimeSpan patience, CancellationToken cancellationToken)
        where T : class
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (await ask(cancellationToken) is { } answer)
            {
                return answer;
            }

            if (process.HasExited || clock.Elapsed > patience)
            {
                var fate = process.HasExited ? $"process {process.Id} ended with {process.ExitCode}" : $"{patience.TotalSeconds:0} s passed";
                throw new TimeoutException($"{what}: {fate}. It printed:\n{process.Output}");
            }

            await Task.Delay(Step, cancellationToken);
        }
    }

    public static Task UntilListeningAsync(IPEndPoint address, ChildProcess process, TimeSpan patience, CancellationToken cancellationToken)
        => ForAsync(
            $"Waiting for {address} to listen", process,
            async cancel =>
            {
                using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    await socket.ConnectAsync(address, cancel);
                    return address;
                }
                catch (SocketException)
                {
                    return null;
                }
            },
            patience, cancellationToken);
}
