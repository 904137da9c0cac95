using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl bundle</c>: the trust bundle.</summary>
internal static class BundleCommands
{
    public static Command Create(CliHost host) => new("bundle", "The trust bundle: the roots that SVIDs of the trust domain are verified with.") { Show(host) };

    private static TaughtCommand Show(CliHost host)
    {
        var format = new Option<string>("--format") { Description = "pem: the X.509 roots. spiffe: the JWK Set of the SPIFFE specification.", HelpName = "pem|spiffe", DefaultValueFactory = _ => "pem" };
        format.AcceptOnlyFromAmong("pem", "spiffe");
        var command = new TaughtCommand(
            "show", "Print the trust bundle. With --output json it is the SPIFFE form.",
            "bundle show > bundle.pem",
            "bundle show --format spiffe --server https://mesh.example.org:8443 --bundle old-bundle.pem")
        {
            format,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            var place = connection.Resolve(call);
            using var controlPlane = place.IsLocal ? place.Administration() : place.Gateway(place.Operator?.Invoke());
            var isSpiffe = call.Printer.IsJson || call.Get(format) == "spiffe";
            var text = await controlPlane.GetTextAsync(isSpiffe ? "/v1/bundle" : "/v1/bundle.pem", cancellationToken);
            call.Printer.Raw(text.EndsWith('\n') ? text : text + "\n");
        });
        return command;
    }
}
