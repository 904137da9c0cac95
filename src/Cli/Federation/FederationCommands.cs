using System.CommandLine;
using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary><c>meshctl federation</c>: relationships with foreign trust domains.</summary>
internal static class FederationCommands
{
    public static Command Create(CliHost host) => new("federation", "Foreign trust domains whose workloads ours may verify.")
    {
        New(host), List(host), Show(host), Refresh(host), Delete(host),
    };

    private static TaughtCommand New(CliHost host)
    {
        var foreign = Name();
        var url = new Option<string>("--url") { Description = "Its bundle endpoint.", HelpName = "https://…", Required = true };
        var profile = new Option<string>("--profile") { Description = "How the endpoint proves itself.", HelpName = "https_web|https_spiffe", Required = true };
        profile.AcceptOnlyFromAmong("https_web", "https_spiffe");
        var endpoint = new Option<string?>("--endpoint-spiffe-id") { Description = "https_spiffe: who has to answer there.", HelpName = "ID" };
        var bundle = new Option<string?>("--bundle")
        {
            Description = "The foreign bundle to begin with, PEM or SPIFFE's JWK Set, got by a way that you trust. Needed for https_spiffe where the endpoint is of that trust domain itself.",
            HelpName = "FILE",
        };
        var roots = new Option<string?>("--web-roots") { Description = "https_web: CAs that the endpoint's certificate may come from, PEM. Default: the system's.", HelpName = "FILE" };
        var reason = ReasonOption.Create();
        var command = new TaughtCommand(
            "create", "Begin a relationship: the foreign bundle is fetched and given to every workload whose entry federates with it.",
            "federation create other.example.org --url https://mesh.other.example.org:8445/ --profile https_spiffe --endpoint-spiffe-id spiffe://other.example.org/meshgrains/gateway --bundle other.pem --reason 'shop calls billing'",
            "federation create partner.example --url https://spiffe.partner.example/bundle.json --profile https_web --reason 'partner API'")
        {
            foreign, url, profile, endpoint, bundle, roots, reason,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            var name = call.Get(foreign)!;
            if (!TrustDomain.TryParse(name, out var trustDomain, out var error))
            {
                throw CliException.Usage($"'{name}' is not a trust domain: {error}");
            }

            var body = new FederationBody(
                name, call.Get(url)!, call.Get(profile)!, call.Get(reason)!, call.Get(endpoint), call.Get(bundle) is { } file ? BundleOf(file, trustDomain) : null,
                call.Get(roots) is { } pem ? TextFile.Read(pem, "the CAs of the endpoint") : null);
            using var administration = connection.Resolve(call).Administration();
            Print(call.Printer, await administration.PostAsync(
                "/v1/federation", body, ApiJson.Default.FederationBody, ApiJson.Default.FederationView, cancellationToken));
        });
        return command;
    }

    private static TaughtCommand List(CliHost host)
    {
        var command = new TaughtCommand("list", "List the relationships, with what is wrong with each.", "federation list");
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var page = await administration.GetAsync("/v1/federation", ApiJson.Default.FederationPage, cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(page, ApiJson.Default.FederationPage);
                return;
            }

            call.Printer.Table(
                ["trust domain", "profile", "sequence", "roots", "last success", "next", "trouble"],
                (page.Relationships ?? []).Select(one => (IReadOnlyList<string?>)
                [
                    one.TrustDomain, one.Profile, one.Sequence is { } sequence ? $"{sequence}" : "", $"{one.Roots?.Count ?? 0}", Printable.Of(one.LastSuccessAt),
                    Printable.Of(one.NextAt), one.FailureReason is null ? "" : $"{one.FailureReason} ({one.Failures})",
                ]),
                "There is no relationship with a foreign trust domain.");
        });
        return command;
    }

    private static TaughtCommand Show(CliHost host)
    {
        var foreign = Name();
        var command = new TaughtCommand("show", "Show a relationship.", "federation show other.example.org") { foreign };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            Print(call.Printer, await administration.GetAsync(PathOf(call.Get(foreign)!), ApiJson.Default.FederationView, cancellationToken));
        });
        return command;
    }

    private static TaughtCommand Refresh(CliHost host)
    {
        var foreign = Name();
        var command = new TaughtCommand("refresh", "Fetch the foreign bundle now, and show what came of it.", "federation refresh other.example.org") { foreign };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var view = await administration.PostAsync(
                PathOf(call.Get(foreign)!) + "/refresh", new ReasonBody(""), ApiJson.Default.ReasonBody, ApiJson.Default.FederationView, cancellationToken);
            Print(call.Printer, view);
            if (view.FailureReason is not null)
            {
                throw CliException.Failed($"No bundle was taken ({view.FailureReason}): {view.Failure}");
            }
        });
        return command;
    }

    private static TaughtCommand Delete(CliHost host)
    {
        var foreign = Name();
        var reason = ReasonOption.Create();
        var command = new TaughtCommand(
            "delete", "End a relationship: its bundle is withdrawn from every workload at once.", "federation delete other.example.org --reason 'contract ended'")
        {
            foreign, reason,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            var name = call.Get(foreign)!;
            using var administration = connection.Resolve(call).Administration();
            await administration.DeleteAsync($"{PathOf(name)}?reason={Uri.EscapeDataString(call.Get(reason)!)}", cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(new DeletedView(name), ApiJson.Default.DeletedView);
                return;
            }

            call.Printer.Line($"Ended the relationship with {name}; its bundle is withdrawn.");
        });
        return command;
    }

    private static Argument<string> Name() => new("TRUST-DOMAIN") { Description = "The foreign trust domain." };

    private static string PathOf(string foreign) => $"/v1/federation/{Uri.EscapeDataString(foreign)}";

    /// <summary>As SPIFFE's JWK Set. PEM does not say whose it is: the command line does.</summary>
    private static string BundleOf(string file, TrustDomain trustDomain)
    {
        var text = TextFile.Read(file, "the foreign trust bundle");
        if (text.AsSpan().TrimStart().StartsWith("{"))
        {
            return text;
        }

        var bundle = TrustBundleFile.Parse(text, file, trustDomain);
        return bundle.TrustDomain == trustDomain
            ? Encoding.UTF8.GetString(bundle.WriteJwks())
            : throw CliException.Failed($"{file} holds roots of {bundle.TrustDomain}, not of {trustDomain}.");
    }

    private static void Print(Printer printer, FederationView view)
    {
        if (printer.IsJson)
        {
            printer.Json(view, ApiJson.Default.FederationView);
            return;
        }

        printer.Facts(
            ("trust domain", view.TrustDomain),
            ("endpoint", $"{view.Url} ({view.Profile})"),
            ("endpoint id", view.EndpointSpiffeId),
            ("stated by", view.Configured ? "the configuration" : "an operator"),
            ("sequence", view.Sequence is { } sequence ? $"{sequence}" : null),
            ("changed", Printable.Of(view.ChangedAt)),
            ("last success", Printable.Of(view.LastSuccessAt)),
            ("asked again", Printable.Of(view.NextAt)),
            ("trouble", view.FailureReason is null ? null : $"{view.FailureReason}, {view.Failures} times since the last success: {view.Failure}"),
            ("left out", view.LeftOut is { Count: > 0 } ? string.Join("; ", view.LeftOut) : null),
            ("jwt keys", $"{view.JwtKeys}"));
        printer.Table(
            ["trusted root", "not before", "not after"],
            (view.Roots ?? []).Select(root => (IReadOnlyList<string?>)[root.AuthorityId, Printable.Of(root.NotBefore), Printable.Of(root.NotAfter)]),
            "No root of it is trusted.");
    }
}
