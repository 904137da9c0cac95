using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl bootstrap</c>: the CA of the links between silos.</summary>
internal static class BootstrapCommands
{
    public const string CaCertificate = "ca.pem";
    public const string CaKey = "ca.key";

    public static Command Create(CliHost host)
        => new("bootstrap", "The bootstrap CA: certificates for links between silos, apart from every trust bundle.")
        {
            BootstrapInitCommand.Create(host), BootstrapIssueCommand.Create(host),
        };

    public static void PrintFiles(Printer printer, FileSet files)
    {
        if (printer.IsJson)
        {
            printer.Json(new WrittenFiles(files.Paths), ApiJson.Default.WrittenFiles);
            return;
        }

        foreach (var path in files.Paths)
        {
            printer.Line($"Wrote {path}");
        }
    }
}
