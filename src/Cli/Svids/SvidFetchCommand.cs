using System.CommandLine;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary><c>meshctl svid fetch</c>: a key made here, an SVID for it, three files.</summary>
internal static class SvidFetchCommand
{
    public static Command Create(CliHost host)
    {
        var id = new Argument<string?>("spiffe-id")
        {
            Description = "The identity. On a silo's own machine that is enough: an entry and a join token are made on the way.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var token = new Option<string?>("--token") { Description = "Join token or Kubernetes service-account token. Other users of this machine can see it: --token-file hides it.", HelpName = "TOKEN" };
        var tokenFile = new Option<string?>("--token-file") { Description = "File that holds the token; '-' reads it from standard input.", HelpName = "FILE" };
        var outDirectory = new Option<string>("--out") { Description = "Directory for svid.pem, svid.key (0600) and bundle.pem.", HelpName = "DIR", Required = true };
        var keyType = SvidCommands.KeyType();
        var ttl = SvidCommands.Ttl();
        var command = new TaughtCommand(
            "fetch", "Get an SVID: the key is made here and never leaves; only a CSR is sent.",
            "svid fetch spiffe://mesh.local/hello --out hello",
            "svid fetch --token-file token --server https://mesh.example.org:8443 --bundle bundle.pem --out /run/hello",
            "svid fetch --cert hello/svid.pem --key hello/svid.key --out hello")
        {
            id, token, tokenFile, outDirectory, keyType, ttl,
        };
        command.Aliases.Add("request");
        var connection = new ConnectionOptions(command, "SVID (PEM chain) to renew, instead of a token.");
        command.Does(host, async (call, cancellationToken) =>
        {
            var wanted = Identity(call.Get(id));
            var bearer = Token(call, call.Get(token), call.Get(tokenFile));
            var renewed = connection.Svid(call);
            if (bearer is not null && renewed is not null)
            {
                throw CliException.Usage("Give a token or --cert and --key, not both.");
            }

            using var svid = renewed?.Invoke();
            wanted ??= svid?.Id.ToString();
            var directory = new SvidDirectory(call.Get(outDirectory)!);
            if (wanted is not null)
            {
                directory.CheckIsFor(wanted);
            }

            var place = connection.Resolve(call);
            bearer ??= svid is null ? await JoinTokenForAsync(wanted, place, call.Printer, cancellationToken) : null;
            await GetAsync(call, place, svid, call.Get(keyType)!, bearer, wanted, call.Get(ttl), directory, cancellationToken);
        });
        return command;
    }

    /// <summary>Gets the SVID, writes its files and tells of it.</summary>
    public static async Task GetAsync(
        Invocation call, Connection place, HeldSvid? renewed, string keyType, string? token, string? wanted, TimeSpan? ttl, SvidDirectory directory,
        CancellationToken cancellationToken)
    {
        using var gateway = place.Gateway(renewed);
        using var key = WorkloadKey.Create(keyType);
        var svid = await new SvidClient(call.Host.Time).GetAsync(gateway, key, token, wanted, ttl, cancellationToken);
        directory.Write(svid, key);
        var now = call.Host.Time.GetUtcNow();
        _ = PemBundle.TryRead(svid.Certificate + svid.Chain, out var chain, out _);
        var report = SvidReport.Of(chain!, now) with
        {
            Valid = true, Files = [directory.Certificate, directory.Key, directory.Bundle], RequestId = svid.RequestId,
        };
        report.Print(call.Printer, now);
    }

    private static string? Identity(string? text)
    {
        if (text is not null && !SpiffeId.TryParse(text, out _, out var error))
        {
            throw CliException.Usage($"'{text}': {error}");
        }

        return text;
    }

    private static string? Token(Invocation call, string? given, string? file)
    {
        if (given is not null && file is not null)
        {
            throw CliException.Usage("Give --token or --token-file, not both.");
        }

        var token = file switch { null => given, "-" => call.Host.Input.ReadLine(), _ => TextFile.Read(file, "the token") };
        if (token is null)
        {
            return file is null ? null : throw CliException.Failed("Standard input holds no token.");
        }

        token = token.Trim();
        return token.Length > 0 && token.All(c => c is > ' ' and < '\u007f')
            ? token
            : throw CliException.Failed("That is no token: one is a single word of letters, digits and punctuation.");
    }

    private static async Task<string> JoinTokenForAsync(string? wanted, Connection place, Printer printer, CancellationToken cancellationToken)
    {
        if (wanted is null || !place.IsLocal)
        {
            throw CliException.Usage(
                "Say how the workload proves itself: --token or --token-file (see 'token create'), or --cert and --key to renew. "
                + "On a silo's own machine, with --data, a SPIFFE ID is enough.");
        }

        using var administration = place.Administration();
        var (entry, isNew) = await JoinEntries.EnsureAsync(administration, wanted, cancellationToken);
        printer.Note(isNew ? $"Created entry {entry.Id} for {wanted}." : $"Entry {entry.Id} is there for {wanted}.");
        return (await JoinEntries.CreateTokenAsync(administration, entry.Id, null, cancellationToken)).Token;
    }
}
