using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl agent</c>: the node agents.</summary>
internal static class AgentCommands
{
    private const string Prefix = "/meshgrains/agent/";
    private const int PageSize = 500;

    public static Command Create(CliHost host) => new("agent", "Node agents: who is connected, eviction and ban, tokens for new ones.")
    {
        List(host),
        Show(host),
        Change(
            host, "evict", "Evict an agent: its attestation ends, and it is not heard before it attests anew.", "agent evict node-1 --reason \"reinstalled\"",
            (administration, name, reason, cancellationToken) => administration.PostAsync(
                $"/v1/agents/{name}/evict", new ReasonBody(reason), ApiJson.Default.ReasonBody, ApiJson.Default.DenialReceiptView, cancellationToken)),
        Change(
            host, "ban", "Ban an agent: it is not heard, whatever it shows.", "agent ban node-1 --reason \"stolen\"",
            (administration, name, reason, cancellationToken) => administration.PostAsync(
                $"/v1/agents/{name}/ban", new ReasonBody(reason), ApiJson.Default.ReasonBody, ApiJson.Default.DenialReceiptView, cancellationToken)),
        Change(
            host, "unban", "Lift an agent's ban.", "agent unban node-1 --reason \"found again\"",
            (administration, name, reason, cancellationToken) => administration.DeleteAsync(
                $"/v1/agents/{name}/ban?reason={Uri.EscapeDataString(reason)}", ApiJson.Default.DenialReceiptView, cancellationToken)),
        Token(host),
    };

    private static TaughtCommand List(CliHost host)
    {
        var command = new TaughtCommand("list", "List the agents that hold an SVID, or lately did, on whichever silo they are.", "agent list", "agent list --output json");
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var agents = new List<AgentView>();
            string? after = null;
            do
            {
                var query = $"/v1/agents?limit={PageSize}" + (after is null ? "" : $"&after={Uri.EscapeDataString(after)}");
                var page = await administration.GetAsync(query, ApiJson.Default.AgentPage, cancellationToken);
                agents.AddRange(page.Agents ?? []);

                // A server that repeats itself must not keep us forever.
                after = page.Next == after ? null : page.Next;
            }
            while (after is not null);

            if (call.Printer.IsJson)
            {
                call.Printer.Json(new AgentPage(agents, null), ApiJson.Default.AgentPage);
                return;
            }

            call.Printer.Table(
                ["name", "state", "silo", "address", "version", "bundle", "svid ends", "attested by", "trouble"],
                agents.Select(agent => (IReadOnlyList<string?>)
                [
                    agent.Name, agent.State, agent.Silo, agent.Address, agent.Version, $"{agent.AcknowledgedBundle}", Printable.Of(agent.NotAfter), agent.Attestation,
                    agent.Trouble,
                ]),
                "No agent holds an SVID. 'agent token NAME' admits one.");
        });
        return command;
    }

    private static TaughtCommand Show(CliHost host)
    {
        var name = NameArgument();
        var command = new TaughtCommand("show", "Show one agent.", "agent show node-1") { name };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var agent = await administration.GetAsync($"/v1/agents/{PathOf(call.Get(name)!)}", ApiJson.Default.AgentView, cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(agent, ApiJson.Default.AgentView);
                return;
            }

            call.Printer.Facts(
                ("SPIFFE ID", agent.SpiffeId), ("state", agent.State), ("attested", $"{Printable.Of(agent.AttestedAt)} by {agent.Attestation}"),
                ("SVID", $"{agent.Serial}, until {Printable.Of(agent.NotAfter)}"), ("bundle acknowledged", $"{agent.AcknowledgedBundle}"),
                ("connected", agent.Silo is null ? "no" : $"to {agent.Silo} from {agent.Address} since {Printable.Of(agent.ConnectedSince)}"),
                ("version", agent.Version), ("SVIDs", agent.Svids is null ? null : $"{agent.Svids}, {agent.SvidsMissing} missing"), ("trouble", agent.Trouble));
        });
        return command;
    }

    private static TaughtCommand Change(
        CliHost host, string verb, string description, string example, Func<ControlPlane, string, string, CancellationToken, Task<DenialReceiptView>> change)
    {
        var name = NameArgument();
        var reason = ReasonOption.Create();
        var command = new TaughtCommand(verb, description, example) { name, reason };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var receipt = await change(administration, PathOf(call.Get(name)!), call.Get(reason)!, cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(receipt, ApiJson.Default.DenialReceiptView);
                return;
            }

            var effective = receipt.EffectiveAt is { } since
                ? $"It holds on every silo since {Printable.Of(since)}."
                : "Not every silo has confirmed it yet; one that does not within its lease stops issuing.";
            call.Printer.Line($"{call.Get(name)}: {verb} is number {receipt.Number} of the denial set. {effective}");
        });
        return command;
    }

    private static TaughtCommand Token(CliHost host)
    {
        var name = NameArgument();
        var ttl = Durations.Option("--ttl", "How long it may wait for its use, at most 24h. Default 10m");
        var file = new Option<string?>("--out") { Description = "New file (0600) to write it into, instead of showing it.", HelpName = "FILE" };
        var command = new TaughtCommand(
            "token", "Create a join token for a node's agent, and the agent's entry where there is none. It is shown this once and admits once.",
            "agent token node-1 --out /run/meshgrains/join-token")
        {
            name, ttl, file,
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
            var status = await administration.GetAsync("/v1/status", ApiJson.Default.StatusView, cancellationToken);
            var (entry, _) = await JoinEntries.EnsureAsync(administration, $"spiffe://{status.TrustDomain}{Prefix}{call.Get(name)}", cancellationToken);
            var token = await JoinEntries.CreateTokenAsync(administration, entry.Id, call.Get(ttl), cancellationToken);
            var written = path is null ? null : new FileSet().Add(path, token.Token + "\n", FileSet.Secret);
            written?.Write(overwrite: false);
            switch (call.Printer.IsJson, written)
            {
                case (true, null):
                    call.Printer.Json(token, ApiJson.Default.JoinTokenView);
                    return;
                case (true, _):
                    call.Printer.Json(new WrittenFiles(written.Paths), ApiJson.Default.WrittenFiles);
                    return;
                default:
                    call.Printer.Line(written is null ? token.Token : $"Wrote {written.Paths[0]}.");
                    call.Printer.Note($"It admits an agent as {entry.SpiffeId} once, until {Printable.Of(token.ExpiresAt)}.");
                    return;
            }
        });
        return command;
    }

    private static Argument<string> NameArgument() => new("name") { Description = $"The agent's name: what follows {Prefix} in its SPIFFE ID." };

    private static string PathOf(string name) => Uri.EscapeDataString(name);
}
