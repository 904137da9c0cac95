using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl denial</c>: who gets no new certificates.</summary>
internal static class DenialCommands
{
    public static Command Create(CliHost host) => new("denial", "The denial set: who gets no new certificates, and why.") { List(host) };

    private static TaughtCommand List(CliHost host)
    {
        var command = new TaughtCommand("list", "List the denial set.", "denial list");
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var list = await administration.GetAsync("/v1/denials", ApiJson.Default.DenialList, cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(list, ApiJson.Default.DenialList);
                return;
            }

            call.Printer.Table(
                ["number", "kind", "subject", "since", "by", "reason"],
                (list.Denials ?? []).Select(denial => (IReadOnlyList<string?>)
                    [$"{denial.Number}", denial.Kind, denial.Subject, Printable.Of(denial.Since), denial.Actor, denial.Reason]),
                "Nothing is denied.");
        });
        return command;
    }
}
