using System.CommandLine;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary><c>meshctl svid verify</c>: the verdict alone, for scripts.</summary>
internal static class SvidVerifyCommand
{
    public static Command Create(CliHost host)
    {
        var file = new Argument<string>("file") { Description = "PEM file, or a directory that 'svid fetch' filled." };
        var bundle = new Option<string>("--bundle") { Description = "Trust bundle (PEM or SPIFFE JWKS) to judge it by.", HelpName = "FILE", Required = true };
        var trustDomain = new Option<string?>("--trust-domain") { Description = "Whose roots the bundle holds, where they do not say it.", HelpName = "TD" };
        var expected = new Option<string?>("--spiffe-id") { Description = "The identity that it has to be.", HelpName = "ID" };
        var command = new TaughtCommand(
            "verify", "Judge an SVID by a trust bundle: exit code 0 when it holds.",
            "svid verify hello --bundle .mesh/bundle.json --spiffe-id spiffe://mesh.local/hello")
        {
            file, bundle, trustDomain, expected,
        };
        command.Does(host, (call, _) =>
        {
            TrustDomain? owner = null;
            if (call.Get(trustDomain) is { } name && !TrustDomain.TryParse(name, out owner, out var error))
            {
                throw CliException.Usage($"--trust-domain: {error}");
            }

            var (path, chain) = SvidFile.Read(call.Get(file)!);
            var now = call.Host.Time.GetUtcNow();
            var report = SvidFile.Judge(chain, call.Get(bundle)!, owner, call.Get(expected), now);
            if (call.Printer.IsJson)
            {
                report.Print(call.Printer, now);
            }
            else if (report.Valid == true)
            {
                call.Printer.Line($"{path}: {report.SpiffeId} holds until {Printable.Of(report.NotAfter)}.");
            }
            else
            {
                throw CliException.Failed($"{path} does not hold: {report.Problem}");
            }

            return Task.FromResult(report.Valid == true ? ExitCode.Done : ExitCode.Failed);
        });
        return command;
    }
}
