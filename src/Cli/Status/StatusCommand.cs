using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl status</c>: how the control plane is.</summary>
internal static class StatusCommand
{
    public static Command Create(CliHost host)
    {
        var command = new TaughtCommand("status", "Show how the control plane is: exit code 1 when it is not ready.", "status", "status --output json");
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var status = await administration.GetAsync("/v1/status", ApiJson.Default.StatusView, cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(status, ApiJson.Default.StatusView);
            }
            else
            {
                Print(call.Printer, status);
            }

            return status.Ready ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static void Print(Printer printer, StatusView status)
    {
        printer.Facts(
            ("trust domain", status.TrustDomain),
            ("cluster", status.Cluster),
            ("ready", status.Ready ? "yes" : "no"),
            ("issues from", status.Issuer is { } issuer
                ? $"{issuer.AuthorityId}, for {Durations.Format(TimeSpan.FromSeconds(issuer.ExposureSeconds))} more (the exposure to a stolen silo)"
                : "nothing: there is no issuing CA here"),
            ("bundle", status.Issuer is { } current ? $"{current.BundleNumber}" : null),
            ("denials", status.DenialNumber is { } number ? $"at number {number}" : null),
            ("log queue", $"{status.LogQueueDepth}"),
            ("time", Printable.Of(status.Now)));
        foreach (var problem in status.Problems ?? [])
        {
            printer.Line($"PROBLEM: {problem}");
        }

        if (status.Authorities is { } roots)
        {
            printer.Line();
            AuthorityCommands.PrintRoots(printer, roots.Authorities ?? []);
        }

        if (status.IssuingCas is { } issuingCas)
        {
            printer.Line();
            AuthorityCommands.PrintIssuingCas(printer, issuingCas, status.LiveCertificates);
        }
    }
}
