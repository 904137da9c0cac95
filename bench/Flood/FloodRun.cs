using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Authentication;

namespace MeshGrains.Bench;

/// <summary>The flood, in a process of its own at the lowest priority: it takes what the server and the renewing clients leave, and no less.</summary>
internal static class FloodRun
{
    /// <summary>The subcommand of this program that floods: server, trust file, file of calls, seconds.</summary>
    public const string Command = "flood";

    private const int Addresses = 4;
    private const int ConnectionsPerAddress = 2;
    private const int InFlight = 16;

    public static async Task<long> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        Signals.LowerPriority();
        var calls = BadCalls.Read(await File.ReadAllLinesAsync(arguments[2], cancellationToken));
        var trust = await File.ReadAllTextAsync(arguments[1], cancellationToken);
        var end = Stopwatch.GetTimestamp() + (long)(double.Parse(arguments[3], CultureInfo.InvariantCulture) * Stopwatch.Frequency);
        var scripts = new List<Script>();
        var running = new List<Task>();
        for (var i = 0; i < Addresses * ConnectionsPerAddress; i++)
        {
            var target = new GrpcTarget
            {
                Address = IPEndPoint.Parse(arguments[0]),
                TrustPem = trust,

                // All of 127.0.0.0/8 is loopback: the flood comes from other addresses than the renewals.
                From = new IPAddress([127, 0, 1, (byte)(1 + (i % Addresses))]),
            };
            var script = new Script(calls, i * 7, end);
            scripts.Add(script);
            running.Add(Task.Run(() => FloodAsync(target, script, cancellationToken), cancellationToken));
        }

        await Task.WhenAll(running);
        return scripts.Sum(script => script.Answered);
    }

    private static async Task FloodAsync(GrpcTarget target, Script script, CancellationToken cancellationToken)
    {
        while (!script.IsOver)
        {
            try
            {
                await using var connection = await GrpcConnection.OpenAsync(target, cancellationToken);
                await connection.RunAsync(script, InFlight, cancellationToken);
            }
            catch (Exception failure) when (failure is IOException or AuthenticationException)
            {
                // Turned away at the door; a flood comes back.
                await Task.Delay(1, cancellationToken);
            }
        }
    }

    private sealed class Script(Call[] calls, int offset, long end) : ICallScript
    {
        private int _next = offset;

        public long Answered { get; private set; }

        public bool IsOver => Stopwatch.GetTimestamp() >= end;

        public Call? Next() => IsOver ? null : calls[_next++ % calls.Length];

        public void Ended(in CallOutcome outcome)
        {
            if (outcome.Status == CallOutcome.Ok)
            {
                throw new InvalidOperationException("A bad call brought a certificate.");
            }

            Answered += outcome.Status == CallOutcome.NoStatus ? 0 : 1;
        }
    }
}
