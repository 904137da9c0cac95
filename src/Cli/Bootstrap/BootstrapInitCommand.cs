using System.CommandLine;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary><c>meshctl bootstrap init</c>: makes a bootstrap CA.</summary>
internal static class BootstrapInitCommand
{
    private static readonly TimeSpan DefaultTtl = TimeSpan.FromDays(3650);

    public static Command Create(CliHost host)
    {
        var trustDomain = new Option<string>("--trust-domain", "-t") { Description = "The trust domain that the silos serve.", HelpName = "TD", Required = true };
        var directory = new Option<string>("--out") { Description = "Directory for ca.pem and ca.key (0600).", HelpName = "DIR", Required = true };
        var ttl = Durations.Option("--ttl", "Life of the CA. Default 3650d");
        var command = new TaughtCommand(
            "init", "Make a bootstrap CA. Keep ca.key off the silos; 'bootstrap issue' makes their certificates.",
            "bootstrap init --trust-domain mesh.example.org --out bootstrap-ca")
        {
            trustDomain, directory, ttl,
        };
        command.Does(host, (call, _) =>
        {
            if (!TrustDomain.TryParse(call.Get(trustDomain), out var domain, out var error))
            {
                throw CliException.Usage($"--trust-domain: {error}");
            }

            using var authority = BootstrapAuthority.Create(domain.Name, call.Get(ttl) ?? DefaultTtl, call.Host.Serials, call.Host.Time.GetUtcNow());
            string At(string name) => Path.Combine(call.Get(directory)!, name);
            var files = new FileSet()
                .Add(At(BootstrapCommands.CaKey), authority.ExportKeyPem() + "\n", FileSet.Secret)
                .Add(At(BootstrapCommands.CaCertificate), PemWriter.EncodeCertificate(authority.CertificateDer), FileSet.Public);
            files.Write(overwrite: false);
            BootstrapCommands.PrintFiles(call.Printer, files);
            return Task.CompletedTask;
        });
        return command;
    }
}
