using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl upstream</c>: a root that the company's PKI certifies.</summary>
internal static class UpstreamCommands
{
    public static Command Create(CliHost host) => new(
        "upstream",
        "A root that an outside CA certifies (upstream.mode csr): print the request, have it signed as a subordinate CA with path length 1, bring the chain.")
    {
        Csr(host), Import(host),
    };

    private static TaughtCommand Csr(CliHost host)
    {
        var file = new Option<string?>("--out") { Description = "Write the request there instead of printing it.", HelpName = "FILE" };
        var command = new TaughtCommand(
            "csr", "Print the request (PKCS #10) for the root's certificate. Its key lies in the key manager, and signed it there.",
            "upstream csr", "upstream csr --out mesh-root.csr")
        {
            file,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var request = await administration.GetAsync("/v1/upstream", ApiJson.Default.UpstreamView, cancellationToken);
            if (call.Get(file) is { } path)
            {
                new FileSet().Add(path, request.Csr, FileSet.Public).Write(overwrite: false);
            }

            if (call.Printer.IsJson)
            {
                call.Printer.Json(request, ApiJson.Default.UpstreamView);
            }
            else if (call.Get(file) is { } written)
            {
                call.Printer.Line($"{written} holds the request for root {request.AuthorityId} of {request.TrustDomain}. {(request.Waiting
                    ? "Nothing is issued under it until 'upstream import' brings its certificate."
                    : "The root is in use; sign the request again, by the same outside root, to renew its certificate.")}");
            }
            else
            {
                foreach (var line in request.Csr.TrimEnd('\n').Split('\n'))
                {
                    call.Printer.Line(line);
                }
            }
        });
        return command;
    }

    private static TaughtCommand Import(CliHost host)
    {
        var file = new Option<string>("--chain")
        {
            Description = "PEM: the certificate that the outside CA made of the request, those above it, and its root. Any order.", HelpName = "FILE", Required = true,
        };
        var reason = ReasonOption.Create();
        var command = new TaughtCommand(
            "import",
            "Bring the root's certificate from the outside CA. It is checked first: key, CA, path length, key usage, names, validity, every signature up to the outside root.",
            "upstream import --chain mesh-root-chain.pem --reason \"signed by corporate PKI, ticket 4711\"")
        {
            file, reason,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            var chain = TextFile.Read(call.Get(file)!, "the chain");
            using var administration = connection.Resolve(call).Administration();
            var import = await administration.PostAsync(
                "/v1/upstream/chain", new UpstreamChainBody(chain, call.Get(reason)!), ApiJson.Default.UpstreamChainBody, ApiJson.Default.UpstreamImportView, cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(import, ApiJson.Default.UpstreamImportView);
                return;
            }

            call.Printer.Line(
                $"Root {import.AuthorityId} is certified by a chain of {import.Certificates} until {Printable.Of(import.NotAfter)}. {(import.First
                    ? "Silos get their issuing CAs within moments."
                    : "Silos serve it within moments.")}");
        });
        return command;
    }
}
