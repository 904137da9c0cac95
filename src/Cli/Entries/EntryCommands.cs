using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl entry</c>: which caller gets which identity.</summary>
internal static class EntryCommands
{
    public static Command Create(CliHost host) => new("entry", "Registration entries: which caller gets which SPIFFE ID, and what certificate.")
    {
        New(host), List(host), Show(host), Update(host), Delete(host),
    };

    private static TaughtCommand New(CliHost host)
    {
        var id = new Argument<string?>("spiffe-id") { Description = "The identity to give.", Arity = ArgumentArity.ZeroOrOne };
        var file = new Option<string?>("--file") { Description = "JSON file of many entries, as SPIRE has it or one object after another; they are sent in batches.", HelpName = "FILE" };
        var command = new TaughtCommand(
            "create", "Create an entry, or many from a file.",
            "entry create spiffe://mesh.local/hello",
            "entry create spiffe://mesh.local/cart --parent spiffe://mesh.local/meshgrains/source/prod --selector k8s:ns:shop --selector k8s:sa:cart --ttl 30m",
            "entry create --file entries.json")
        {
            id, file,
        };
        var options = new EntryOptions(command);
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            if (call.Get(id) is null == call.Get(file) is null || (call.Get(file) is not null && options.AnyGiven(call)))
            {
                throw CliException.Usage("Give either the one SPIFFE ID with its options, or --file alone: what is in the file describes its entries.");
            }

            using var administration = connection.Resolve(call).Administration();
            if (call.Get(file) is { } path)
            {
                Print(call.Printer, await new EntryImport(administration, call.Printer, host.Time).RunAsync(EntryFile.ReadAsync(path, cancellationToken), cancellationToken));
                return;
            }

            var created = await administration.PostAsync(
                "/v1/entries", options.Create(call, call.Get(id)!), ApiJson.Default.EntryBody, ApiJson.Default.EntryView, cancellationToken);
            Print(call.Printer, created);
        });
        return command;
    }

    private static TaughtCommand List(CliHost host)
    {
        var prefix = new Option<string?>("--prefix") { Description = "Only identities that start so.", HelpName = "spiffe://TD/PATH" };
        var command = new TaughtCommand("list", "List all entries.", "entry list", "entry list --prefix spiffe://mesh.local/ns/shop --output json") { prefix };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var entries = new List<EntryView>();
            await foreach (var entry in EntryPages.AllAsync(administration, cancellationToken))
            {
                if (call.Get(prefix) is not { } start || entry.SpiffeId.StartsWith(start, StringComparison.Ordinal))
                {
                    entries.Add(entry);
                }
            }

            if (call.Printer.IsJson)
            {
                call.Printer.Json(new EntryPage(entries, null), ApiJson.Default.EntryPage);
                return;
            }

            call.Printer.Table(
                ["id", "spiffe id", "parent", "selectors", "ttl", "expires"],
                entries.Select(entry => (IReadOnlyList<string?>)
                [
                    entry.Id, entry.SpiffeId, PathOf(entry.ParentId), Printable.Of(entry.Selectors), Ttl(entry.X509SvidTtlSeconds), Printable.Of(entry.ExpiresAt),
                ]),
                "There are no entries.");
        });
        return command;
    }

    private static TaughtCommand Show(CliHost host)
    {
        var id = EntryId();
        var command = new TaughtCommand("show", "Show one entry.", "entry show 4f0c2b6e") { id };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            Print(call.Printer, await GetAsync(administration, call.Get(id)!, cancellationToken));
        });
        return command;
    }

    private static TaughtCommand Update(CliHost host)
    {
        var id = EntryId();
        var command = new TaughtCommand(
            "update", "Change an entry: what is given replaces what was, the rest stays. Its SPIFFE ID stays always.", "entry update 4f0c2b6e --ttl 30m") { id };
        var options = new EntryOptions(command);
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var entry = await GetAsync(administration, call.Get(id)!, cancellationToken);
            var changed = await administration.PutAsync(
                PathOfEntry(entry.Id), entry.Revision, options.Change(call, entry), ApiJson.Default.EntryBody, ApiJson.Default.EntryView, cancellationToken);
            Print(call.Printer, changed);
        });
        return command;
    }

    private static TaughtCommand Delete(CliHost host)
    {
        var id = EntryId();
        var reason = ReasonOption.Create();
        var command = new TaughtCommand(
            "delete", "Delete an entry: no more certificates from it, those that are out end by themselves.", "entry delete 4f0c2b6e --reason \"service retired\"") { id, reason };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var entry = call.Get(id)!;
            await administration.DeleteAsync($"{PathOfEntry(entry)}?reason={Uri.EscapeDataString(call.Get(reason)!)}", cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(new DeletedView(entry), ApiJson.Default.DeletedView);
                return;
            }

            call.Printer.Line($"Deleted entry {entry}.");
        });
        return command;
    }

    private static Argument<string> EntryId() => new("id") { Description = "The entry's id, from 'entry list'." };

    private static Task<EntryView> GetAsync(ControlPlane administration, string id, CancellationToken cancellationToken)
        => administration.GetAsync(PathOfEntry(id), ApiJson.Default.EntryView, cancellationToken);

    private static string PathOfEntry(string id) => $"/v1/entries/{Uri.EscapeDataString(id)}";

    private static void Print(Printer printer, EntryView entry)
    {
        if (printer.IsJson)
        {
            printer.Json(entry, ApiJson.Default.EntryView);
            return;
        }

        printer.Facts(
            ("id", entry.Id), ("spiffe id", entry.SpiffeId), ("parent", entry.ParentId), ("selectors", Printable.Of(entry.Selectors)),
            ("ttl", Ttl(entry.X509SvidTtlSeconds)), ("jwt ttl", Ttl(entry.JwtSvidTtlSeconds)), ("dns names", Printable.Of(entry.DnsNames)), ("hint", entry.Hint),
            ("federates with", Printable.Of(entry.FederatesWith)), ("expires", Printable.Of(entry.ExpiresAt)), ("created", Printable.Of(entry.CreatedAt)),
            ("revision", $"{entry.Revision}"));
    }

    /// <exception cref="CliException">Some are not stored; they are told before.</exception>
    private static void Print(Printer printer, EntryImportReport report)
    {
        if (printer.IsJson)
        {
            printer.Json(report, ApiJson.Default.EntryImportReport);
        }
        else
        {
            printer.Facts(("created", $"{report.Created}"), ("there before", $"{report.Existed}"), ("not stored", $"{report.NotStored}"));
            foreach (var failure in report.Failures)
            {
                printer.Line($"entry {failure.Number} {failure.SpiffeId}: {failure.Detail} ({failure.Reason})");
            }
        }

        if (report.NotStored > 0)
        {
            throw CliException.Failed($"{report.NotStored} entries are not stored. Mend them and send the file again: those that are there stay as they are.");
        }
    }

    private static string Ttl(int? seconds) => seconds is { } known ? Durations.Format(TimeSpan.FromSeconds(known)) : "";

    /// <summary>Parents are of the same trust domain; the path tells them apart.</summary>
    private static string PathOf(string id)
    {
        var slash = id.IndexOf('/', "spiffe://".Length);
        return slash < 0 ? id : id[slash..];
    }
}
