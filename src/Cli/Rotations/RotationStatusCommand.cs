using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl rotate root status</c>.</summary>
internal static class RotationStatusCommand
{
    private static readonly TimeSpan AskInterval = TimeSpan.FromSeconds(2);

    public static Command Create(CliHost host)
    {
        var wait = new Option<bool>("--wait") { Description = "Follow it until it is done, or has reached --phase; each change is told." };
        var phase = new Option<string>("--phase")
        {
            Description = "With --wait: until this phase or a later one.", HelpName = string.Join('|', RotationPhases.All), DefaultValueFactory = _ => RotationPhases.Done,
        };
        phase.AcceptOnlyFromAmong([.. RotationPhases.All]);
        var timeout = Durations.Option("--timeout", "With --wait: give up after this time, with exit code 1. Without: never");
        var command = new TaughtCommand(
            "status",
            "Show how the root's rotation stands: its phase and since when, every gate, who has not acknowledged, how many live certificates still chain to the leaving "
            + "root, an estimate, and the history with whom was passed by.",
            "rotate root status", "rotate root status --output json", "rotate root status --wait --timeout 2h", "rotate root status --wait --phase activate")
        {
            wait, phase, timeout,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var status = await AskAsync(administration, cancellationToken);
            var reached = !call.Get(wait) || Reached(status, call.Get(phase)!);
            if (!reached)
            {
                (status, reached) = await FollowAsync(call, administration, status, call.Get(phase)!, call.Get(timeout), cancellationToken);
            }

            if (call.Printer.IsJson)
            {
                call.Printer.Json(status, ApiJson.Default.RotationStatusView);
            }
            else
            {
                RotationPrinter.Print(call.Printer, status);
            }

            return reached ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    /// <summary>A rotation that has ended reaches nothing more, and one that never was is none to wait for.</summary>
    private static bool Reached(RotationStatusView status, string wanted) => status.Rotation is not { } rotation || RotationPhases.HasReached(rotation.Phase, wanted);

    private static Task<RotationStatusView> AskAsync(ControlPlane administration, CancellationToken cancellationToken)
        => administration.GetAsync("/v1/rotation", ApiJson.Default.RotationStatusView, cancellationToken);

    /// <summary>Tells every change of phase and of the shut gates. A question that fails is asked again: a silo may be away for a moment.</summary>
    private static async Task<(RotationStatusView Status, bool Reached)> FollowAsync(
        Invocation call, ControlPlane administration, RotationStatusView status, string wanted, TimeSpan? longest, CancellationToken cancellationToken)
    {
        var started = call.Host.Time.GetTimestamp();
        using var timer = new PeriodicTimer(AskInterval, call.Host.Time);
        var told = "";
        while (true)
        {
            var news = Summary(status);
            if (news != told)
            {
                call.Printer.Note($"{Printable.Of(status.Now)}  {news}");
                told = news;
            }

            if (Reached(status, wanted))
            {
                return (status, true);
            }

            if (longest is { } limit && call.Host.Time.GetElapsedTime(started) >= limit)
            {
                call.Printer.Note($"It has not reached '{wanted}' within {Durations.Format(limit)}.");
                return (status, false);
            }

            await timer.WaitForNextTickAsync(cancellationToken);
            try
            {
                status = await AskAsync(administration, cancellationToken);
            }
            catch (CliException failure) when (failure.Problem is null or { Status: >= 500 })
            {
                call.Printer.Note($"No answer now: {failure.Message}");
            }
        }
    }

    private static string Summary(RotationStatusView status)
    {
        var shut = (status.Gates ?? []).Where(gate => !gate.Open).Select(gate => gate.Waits > 0 ? $"{gate.Name} ({gate.Waits})" : gate.Name).ToList();
        return $"{status.Rotation?.Phase}{(status.Rotation is { Paused: true } ? ", paused" : "")}{(shut.Count == 0 ? "" : $"; shut: {string.Join(", ", shut)}")}";
    }
}
