using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl identity</c>: quarantine and release.</summary>
internal static class IdentityCommands
{
    private static readonly TimeSpan AskInterval = TimeSpan.FromSeconds(1);

    public static Command Create(CliHost host) => new("identity", "Quarantine an identity, and release it.")
    {
        Change(
            host, "quarantine", "Quarantine an identity: no new certificates for it from now on; those that are out end by themselves.",
            "identity quarantine spiffe://mesh.local/hello --reason \"key leaked\"",
            (administration, id, reason, cancellationToken) => administration.PostAsync(
                "/v1/denials", new QuarantineBody(id, reason), ApiJson.Default.QuarantineBody, ApiJson.Default.DenialReceiptView, cancellationToken)),
        Change(
            host, "release", "Release an identity from quarantine.",
            "identity release spiffe://mesh.local/hello --reason \"key replaced\"",
            (administration, id, reason, cancellationToken) => administration.DeleteAsync(
                $"/v1/denials?spiffeId={Uri.EscapeDataString(id)}&reason={Uri.EscapeDataString(reason)}", ApiJson.Default.DenialReceiptView, cancellationToken)),
    };

    private static TaughtCommand Change(
        CliHost host, string name, string description, string example, Func<ControlPlane, string, string, CancellationToken, Task<DenialReceiptView>> change)
    {
        var id = new Argument<string>("spiffe-id") { Description = "The identity." };
        var reason = ReasonOption.Create();
        var wait = Durations.Option("--wait", "Wait so long for it to hold on every silo; exit code 1 when it does not by then.");
        var command = new TaughtCommand(name, description, example) { id, reason, wait };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var receipt = await change(administration, call.Get(id)!, call.Get(reason)!, cancellationToken);
            var patience = call.Get(wait);
            if (patience is { } longest && receipt.EffectiveAt is null)
            {
                receipt = await WaitAsync(administration, receipt, longest, call.Host.Time, cancellationToken);
            }

            var exitCode = patience is null || receipt.EffectiveAt is not null ? ExitCode.Done : ExitCode.Failed;
            if (call.Printer.IsJson)
            {
                call.Printer.Json(receipt, ApiJson.Default.DenialReceiptView);
                return exitCode;
            }

            var effective = receipt.EffectiveAt is { } since
                ? $"It holds on every silo since {Printable.Of(since)}."
                : "Not every silo has confirmed it yet (--wait waits); one that does not within its lease stops issuing.";
            call.Printer.Line($"{call.Get(id)}: {name} is number {receipt.Number} of the denial set. {effective}");
            foreach (var member in receipt.Clusters ?? [])
            {
                call.Printer.Line(InMember(member));
            }

            return exitCode;
        });
        return command;
    }

    private static string InMember(DenialClusterItem member) => member switch
    {
        { EffectiveAt: { } since } => $"In the cluster {member.Cluster} it holds by {Printable.Of(since)}.",
        { CutOff: true } => $"The cluster {member.Cluster} is cut off, heard last {(member.HeardAt is { } heard ? $"at {Printable.Of(heard)}" : "never")}: it goes on issuing by what it was told before, and from when this holds there is not known.",
        _ => $"The cluster {member.Cluster} has not confirmed it yet.",
    };

    /// <summary>Asks once a second, as silos confirm within seconds and their leases end after tens of them.</summary>
    private static async Task<DenialReceiptView> WaitAsync(
        ControlPlane administration, DenialReceiptView receipt, TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var timer = new PeriodicTimer(AskInterval, time);
        while (receipt.EffectiveAt is null && time.GetElapsedTime(started) < longest && await timer.WaitForNextTickAsync(cancellationToken))
        {
            receipt = await administration.GetAsync($"/v1/denials/{receipt.Number}", ApiJson.Default.DenialReceiptView, cancellationToken);
        }

        return receipt;
    }
}
