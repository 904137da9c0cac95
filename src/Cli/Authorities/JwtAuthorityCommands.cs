using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl authority jwt</c>: the keys that sign JWT-SVIDs.</summary>
internal static class JwtAuthorityCommands
{
    public static Command Create(CliHost host) => new("jwt", "The keys that the cluster signs JWT-SVIDs with.") { List(host), Rotate(host), Taint(host) };

    private static TaughtCommand List(CliHost host)
    {
        var command = new TaughtCommand(
            "list", "List the cluster's JWT authorities; for a prepared one, who has not taken the bundle with it.", "authority jwt list", "authority jwt list --output json");
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            Print(call, await administration.GetAsync("/v1/jwt-authorities", ApiJson.Default.JwtAuthoritiesView, cancellationToken));
        });
        return command;
    }

    private static TaughtCommand Rotate(CliHost host)
    {
        var reason = ReasonOption.Create();
        var command = new TaughtCommand(
            "rotate",
            "Make a successor of the active key now. It lies in the bundle for jwt.publishLead, then signs when every silo and every live agent holds it, and in any case before "
            + "tokens would be cut short to the active key's end.",
            "authority jwt rotate --reason \"quarterly\"")
        {
            reason,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            Print(call, await administration.PostAsync(
                "/v1/jwt-authorities/rotate", new ReasonBody(call.Get(reason)!), ApiJson.Default.ReasonBody, ApiJson.Default.JwtAuthoritiesView, cancellationToken));
        });
        return command;
    }

    private static TaughtCommand Taint(CliHost host)
    {
        var id = new Argument<string>("id") { Description = "Key id, from 'authority jwt list'." };
        var reason = ReasonOption.Create();
        var command = new TaughtCommand(
            "taint",
            "Take a stolen key out of the trust bundle at once. Every token that it signed is REFUSED by whoever has the new bundle. Where it was the active key, the next one signs "
            + "as soon as silos hold it, within seconds; agents that lag refuse its tokens until they have the bundle.",
            "authority jwt taint 3a7f… --reason \"found in a core dump\"")
        {
            id, reason,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            Print(call, await administration.PostAsync(
                $"/v1/jwt-authorities/{Uri.EscapeDataString(call.Get(id)!)}/taint", new ReasonBody(call.Get(reason)!), ApiJson.Default.ReasonBody,
                ApiJson.Default.JwtAuthoritiesView, cancellationToken));
        });
        return command;
    }

    private static void Print(Invocation call, JwtAuthoritiesView view)
    {
        var printer = call.Printer;
        if (printer.IsJson)
        {
            printer.Json(view, ApiJson.Default.JwtAuthoritiesView);
            return;
        }

        printer.Table(
            ["jwt authority", "algorithm", "state", "since bundle", "not after", "tokens end by", "reason", "by"],
            (view.Keys ?? []).Select(key => (IReadOnlyList<string?>)
            [
                key.KeyId, key.Algorithm, key.State, key.BundleNumber > 0 ? $"{key.BundleNumber}" : "", Printable.Of(key.NotAfter), Printable.Of(key.HighestExpiry), key.Reason,
                key.Actor,
            ]),
            "There is no JWT authority: it is made when the first silo asks for it (jwt.enabled).");
        if (view.Waiting is not { } waiting)
        {
            return;
        }

        printer.Line();
        printer.Line(
            waiting.NotBefore > view.Now ? $"The prepared key lies in the bundle until {Printable.Of(waiting.NotBefore)} before it may sign."
            : $"The prepared key waits for {waiting.Silos} silos and {waiting.Agents} agents that do not hold it.");
        printer.Line($"It signs whoever lags from {Printable.Of(waiting.AtLatest)} on.");
        if (waiting.Trouble is { } trouble)
        {
            printer.Line($"TROUBLE: {trouble}");
        }

        foreach (var name in (waiting.SilosMissing ?? []).Concat(waiting.AgentsMissing ?? []))
        {
            printer.Line($"  {name}");
        }

        var unnamed = waiting.Silos + waiting.Agents - (waiting.SilosMissing?.Count ?? 0) - (waiting.AgentsMissing?.Count ?? 0);
        if (unnamed > 0)
        {
            printer.Line($"  and {unnamed} more");
        }
    }
}
