using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl token</c>: join tokens for first certificates.</summary>
internal static class TokenCommands
{
    public static Command Create(CliHost host) => new("token", "Join tokens: each admits its holder once to the identity of an entry.") { New(host) };

    private static TaughtCommand New(CliHost host)
    {
        var entry = new Option<string?>("--entry") { Description = "The entry that it admits to.", HelpName = "ID" };
        var identity = new Option<string?>("--spiffe-id") { Description = "The identity that it admits to, by its entry for join tokens.", HelpName = "ID" };
        var ttl = Durations.Option("--ttl", "How long it may wait for its use, at most 24h. Default 10m");
        var file = new Option<string?>("--out") { Description = "New file (0600) to write it into, instead of showing it.", HelpName = "FILE" };
        var command = new TaughtCommand(
            "create", "Create a join token. It is shown this once; whoever holds it first gets the certificate.",
            "token create --spiffe-id spiffe://mesh.local/hello",
            "token create --entry 4f0c2b6e --ttl 1h --out token")
        {
            entry, identity, ttl, file,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            var path = call.Get(file);
            if (path is not null && File.Exists(path))
            {
                throw CliException.Failed($"{path} exists and is not overwritten.");
            }

            using var administration = connection.Resolve(call).Administration();
            var entryId = await EntryOfAsync(administration, call.Get(entry), call.Get(identity), cancellationToken);
            var token = await JoinEntries.CreateTokenAsync(administration, entryId, call.Get(ttl), cancellationToken);
            var written = path is null ? null : new FileSet().Add(path, token.Token + "\n", FileSet.Secret);
            written?.Write(overwrite: false);
            if (call.Printer.IsJson)
            {
                if (written is null)
                {
                    call.Printer.Json(token, ApiJson.Default.JoinTokenView);
                }
                else
                {
                    call.Printer.Json(new WrittenFiles(written.Paths), ApiJson.Default.WrittenFiles);
                }

                return;
            }

            call.Printer.Line(written is null ? token.Token : $"Wrote {written.Paths[0]}.");
            call.Printer.Note($"It admits once, to entry {token.EntryId}, until {Printable.Of(token.ExpiresAt)}.");
        });
        return command;
    }

    private static async Task<string> EntryOfAsync(ControlPlane administration, string? entry, string? identity, CancellationToken cancellationToken)
    {
        if ((entry is null) == (identity is null))
        {
            throw CliException.Usage("Give --entry or --spiffe-id, one of them.");
        }

        return entry ?? (await JoinEntries.FindAsync(administration, identity!, cancellationToken))?.Id
            ?? throw CliException.Failed($"There is no entry for join tokens of {identity}. Create it with 'entry create {identity}'.");
    }
}
