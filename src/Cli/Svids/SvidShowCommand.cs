using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl svid show</c>: what an SVID says, and whether it holds.</summary>
internal static class SvidShowCommand
{
    public static Command Create(CliHost host)
    {
        var file = new Argument<string>("file") { Description = "PEM file, or a directory that 'svid fetch' filled." };
        var bundle = new Option<string?>("--bundle") { Description = "Trust bundle to judge it by. Default: bundle.pem beside it, if there is one.", HelpName = "FILE" };
        var command = new TaughtCommand("show", "Show what an SVID says, and whether it holds.", "svid show hello", "svid show svid.pem --bundle bundle.pem") { file, bundle };
        command.Aliases.Add("inspect");
        command.Does(host, (call, _) =>
        {
            var (path, chain) = SvidFile.Read(call.Get(file)!);
            var beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "bundle.pem");
            var judge = call.Get(bundle) ?? (File.Exists(beside) ? beside : null);
            var now = call.Host.Time.GetUtcNow();
            var report = judge is null
                ? SvidReport.Of(chain) with { Problem = "not judged: give the trust bundle with --bundle" }
                : SvidFile.Judge(chain, judge, null, null, now);
            report.Print(call.Printer, now);
            return Task.FromResult(report.Valid == false ? ExitCode.Failed : ExitCode.Done);
        });
        return command;
    }
}
