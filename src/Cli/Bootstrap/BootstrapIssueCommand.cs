using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary><c>meshctl bootstrap issue</c>: a silo's certificate for its links to other silos, or a gateway's for its links to silos.</summary>
internal static class BootstrapIssueCommand
{
    private const string BootstrapPrefix = "bootstrap.";
    private static readonly TimeSpan DefaultTtl = TimeSpan.FromDays(365);

    public static Command Create(CliHost host)
    {
        var authorityDirectory = new Option<string>("--ca") { Description = "Directory that 'bootstrap init' filled.", HelpName = "DIR", Required = true };
        var silo = new Option<string>("--silo") { Description = "The silo's name (key 'silo' of its configuration), a gateway's, or a cluster's (key 'cluster').", HelpName = "NAME", Required = true };
        var role = new Option<string>("--role")
        {
            Description = "authority: may hold the root key's permission. silo: asks an authority. gateway: 'meshgrains gateway', relays to silos and is none. cluster: a cluster of the trust domain, for its link to the home or to its members.",
            HelpName = "silo|authority|gateway|cluster", DefaultValueFactory = _ => BootstrapNames.SiloRole,
        };
        role.AcceptOnlyFromAmong(BootstrapNames.SiloRole, BootstrapNames.AuthorityRole, BootstrapNames.GatewayRole, BootstrapNames.ClusterRole);
        var dns = new Option<string[]>("--dns") { Description = "Host name that other silos dial; of a gateway, that its clients dial. May be repeated. Default localhost", HelpName = "NAME" };
        var ip = new Option<string[]>("--ip") { Description = "IP address that a gateway's clients dial. May be repeated. Default none but loopback", HelpName = "ADDRESS" };
        var directory = new Option<string>("--out") { Description = "Directory for ca.pem, silo.pem and silo.key (0600): the silo's DIR/bootstrap.", HelpName = "DIR", Required = true };
        var ttl = Durations.Option("--ttl", "Life of the certificate, within the CA's. Default 365d");
        var command = new TaughtCommand(
            "issue", "Make a silo's key and certificate for its links to other silos, or a gateway's for its links to silos.",
            "bootstrap issue --ca bootstrap-ca --silo silo-1 --role authority --dns silo-1.mesh.example.org --out silo-1/bootstrap")
        {
            authorityDirectory, silo, role, dns, ip, directory, ttl,
        };
        command.Does(host, (call, _) =>
        {
            var anchor = TextFile.Read(Path.Combine(call.Get(authorityDirectory)!, BootstrapCommands.CaCertificate), "the bootstrap CA");
            var anchorKey = TextFile.Read(Path.Combine(call.Get(authorityDirectory)!, BootstrapCommands.CaKey), "the bootstrap CA's key");
            var names = call.Get(dns) is { Length: > 0 } given ? given : ["localhost"];
            if (names.FirstOrDefault(name => !DnsName.IsValid(name)) is { } wrong)
            {
                throw CliException.Usage($"--dns: '{wrong}' is no host name.");
            }

            var addresses = new List<IPAddress>();
            foreach (var text in call.Get(ip) ?? [])
            {
                addresses.Add(IPAddress.TryParse(text, out var address) ? address : throw CliException.Usage($"--ip: '{text}' is no IP address."));
            }

            // A slash would make it another path than a silo's.
            if (call.Get(silo)!.Contains('/', StringComparison.Ordinal))
            {
                throw CliException.Usage("--silo: a silo's name has no slash.");
            }

            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var certificate = Issue(
                anchor, anchorKey, call.Get(role)!, call.Get(silo)!, key.ExportSubjectPublicKeyInfo(), names, addresses, call.Get(ttl) ?? DefaultTtl, call.Host);
            string At(string name) => Path.Combine(call.Get(directory)!, name);
            var files = new FileSet()
                .Add(At("silo.key"), key.ExportPkcs8PrivateKeyPem() + "\n", FileSet.Secret)
                .Add(At("silo.pem"), PemWriter.EncodeCertificate(certificate), FileSet.Public);
            var copy = At(BootstrapCommands.CaCertificate);
            if (!File.Exists(copy))
            {
                files.Add(copy, anchor, FileSet.Public);
            }
            else if (TextFile.Read(copy, "the anchors that lie there").Trim() != anchor.Trim())
            {
                throw CliException.Failed($"{copy} holds another bootstrap CA and is not overwritten. Give another --out.");
            }

            files.Write(overwrite: false);
            BootstrapCommands.PrintFiles(call.Printer, files);
            return Task.CompletedTask;
        });
        return command;
    }

    private static byte[] Issue(
        string anchor, string anchorKey, string role, string silo, byte[] publicKey, IReadOnlyList<string> names, IReadOnlyList<IPAddress> addresses, TimeSpan ttl,
        CliHost host)
    {
        var trustDomain = MeshTrustDomainOf(anchor);
        try
        {
            using var authority = BootstrapAuthority.Load(trustDomain, anchor, anchorKey);
            return authority.Issue(role, silo, publicKey, names, ttl, host.Serials, host.Time.GetUtcNow(), addresses);
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException or InvalidOperationException)
        {
            throw CliException.Failed($"The certificate cannot be made: {failure.Message}", failure);
        }
    }

    /// <summary>A bootstrap CA says whose silos it certifies: <c>spiffe://bootstrap.{trust domain}</c>.</summary>
    private static string MeshTrustDomainOf(string anchor)
        => PemBundle.TryRead(anchor, out var certificates, out _) && certificates[0].UriNames is [var name]
            && SpiffeId.TryParse(name, out var id, out _) && id.TrustDomain.Name.StartsWith(BootstrapPrefix, StringComparison.Ordinal)
                ? id.TrustDomain.Name[BootstrapPrefix.Length..]
                : throw CliException.Failed($"{BootstrapCommands.CaCertificate} is no bootstrap CA; 'bootstrap init' makes one.");
}
