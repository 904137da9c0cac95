using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl trust</c>: who is trusted.</summary>
internal static class TrustCommands
{
    public static Command Create(CliHost host) => new("trust", "Who is trusted here: roots, issuing CAs, JWT keys, foreign trust domains.") { Graph(host) };

    private static TaughtCommand Graph(CliHost host)
    {
        var svg = new Option<string?>("--svg") { Description = "Draw it into this file, which is replaced; a browser shows it.", HelpName = "FILE" };
        var command = new TaughtCommand(
            "graph",
            "Show who is trusted and how far that has come: the trust domain with its bundle number, roots, the issuing CAs under them with live certificates, JWT keys, "
            + "the bundle that each silo holds, agents that lag, federated trust domains with sequence and age; every state and every end.",
            "trust graph", "trust graph --svg trust.svg", "trust graph --output json")
        {
            svg,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var trust = await administration.GetAsync("/v1/trust", ApiJson.Default.TrustView, cancellationToken);
            if (call.Get(svg) is { } path)
            {
                var files = new FileSet().Add(path, TrustSvg.Draw(trust), FileSet.Public);
                files.Write(overwrite: true);
                call.Printer.Note($"Wrote {files.Paths[0]}.");
            }

            if (call.Printer.IsJson)
            {
                call.Printer.Json(trust, ApiJson.Default.TrustView);
            }
            else
            {
                TrustText.Print(call.Printer, trust);
            }
        });
        return command;
    }
}
