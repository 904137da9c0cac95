using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary>The options that describe an entry, for its creation and its change.</summary>
internal sealed class EntryOptions
{
    private readonly Option<string?> _parent = new("--parent") { Description = "Who attests its workloads: an agent's ID, or spiffe://TD/meshgrains/source/NAME for a token issuer's callers. Default: join tokens.", HelpName = "ID" };
    private readonly Option<string[]> _selectors = new("--selector") { Description = "Fact that a caller must show, such as k8s:ns:shop. May be repeated; all must hold.", HelpName = "TYPE:VALUE" };
    private readonly Option<TimeSpan?> _ttl = Durations.Option("--ttl", "Life of its X.509-SVIDs. Default: the configuration's.");
    private readonly Option<TimeSpan?> _jwtTtl = Durations.Option("--jwt-ttl", "Life of its JWT-SVIDs. Default: the configuration's.");
    private readonly Option<string[]> _dns = new("--dns") { Description = "DNS name in its certificates. May be repeated.", HelpName = "NAME" };
    private readonly Option<string?> _hint = new("--hint") { Description = "Word that helps the workload to choose among several SVIDs.", HelpName = "TEXT" };
    private readonly Option<string[]> _federates = new("--federates-with") { Description = "Trust domain whose bundle it gets as well. May be repeated.", HelpName = "TD" };
    private readonly Option<DateTimeOffset?> _expires = new("--expires-at") { Description = "When the entry ends, such as 2030-01-31T12:00:00Z. Default: never.", HelpName = "TIME" };

    public EntryOptions(Command command)
    {
        foreach (var option in All)
        {
            command.Options.Add(option);
        }
    }

    public EntryBody Create(Invocation call, string spiffeId) => new(
        spiffeId, call.Get(_parent), List(call, _selectors), Seconds(call, _ttl), Seconds(call, _jwtTtl), List(call, _dns), call.Get(_hint), List(call, _federates),
        call.Get(_expires));

    /// <summary>What was given, in the place of what was; the rest stays.</summary>
    public EntryBody Change(Invocation call, EntryView entry) => new(
        entry.SpiffeId, call.Get(_parent) ?? entry.ParentId, List(call, _selectors) ?? entry.Selectors, Seconds(call, _ttl) ?? entry.X509SvidTtlSeconds,
        Seconds(call, _jwtTtl) ?? entry.JwtSvidTtlSeconds, List(call, _dns) ?? entry.DnsNames, call.Get(_hint) ?? entry.Hint,
        List(call, _federates) ?? entry.FederatesWith, call.Get(_expires) ?? entry.ExpiresAt);

    public bool AnyGiven(Invocation call) => All.Any(option => call.Arguments.GetResult(option) is { Implicit: false });

    private Option[] All => [_parent, _selectors, _ttl, _jwtTtl, _dns, _hint, _federates, _expires];

    private static string[]? List(Invocation call, Option<string[]> option)
        => call.Arguments.GetResult(option) is { Implicit: false } ? call.Get(option) : null;

    private static int? Seconds(Invocation call, Option<TimeSpan?> option) => (int?)call.Get(option)?.TotalSeconds;
}
