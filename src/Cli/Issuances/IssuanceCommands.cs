using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl issuance</c>: what the issuance log holds.</summary>
internal static class IssuanceCommands
{
    private const int PageSize = 1000;
    private const int MaxLimit = 100_000;

    // The whole log is read, and it holds every certificate that was ever issued.
    private static readonly TimeSpan VerifyPatience = TimeSpan.FromHours(1);

    public static Command Create(CliHost host) => new("issuance", "The issuance log: every certificate that was ever issued.") { List(host), Verify(host) };

    private static TaughtCommand List(CliHost host)
    {
        var identity = new Option<string?>("--spiffe-id") { Description = "Those of this identity.", HelpName = "ID" };
        var serial = new Option<string?>("--serial") { Description = "The one with this serial, in hex as openssl or 'svid show' print it.", HelpName = "HEX" };
        var limit = new Option<int>("--limit") { Description = $"At most this many, the newest first; {MaxLimit} is the most.", DefaultValueFactory = _ => 50, HelpName = "N" };
        var command = new TaughtCommand(
            "list", "List issued certificates, the newest first.",
            "issuance list --spiffe-id spiffe://mesh.local/hello",
            "issuance list --serial 7b:01:c2:… --output json")
        {
            identity, serial, limit,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            if (call.Get(identity) is not null && call.Get(serial) is not null)
            {
                throw CliException.Usage("Give --spiffe-id or --serial, not both.");
            }

            if (call.Get(limit) is < 1 or > MaxLimit)
            {
                throw CliException.Usage($"--limit is a number from 1 to {MaxLimit}.");
            }

            using var administration = connection.Resolve(call).Administration();
            var page = call.Get(serial) is { } digits
                ? await administration.GetAsync($"/v1/issuances?serial={Uri.EscapeDataString(digits)}", ApiJson.Default.IssuancePage, cancellationToken)
                : await PagesAsync(administration, call.Get(identity), call.Get(limit), cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(page, ApiJson.Default.IssuancePage);
                return;
            }

            Print(call.Printer, page);
        });
        return command;
    }

    private static TaughtCommand Verify(CliHost host)
    {
        var command = new TaughtCommand(
            "verify", $"Recompute the log's hash chain from end to end. Exits with {ExitCode.Failed} when something is broken.",
            "issuance verify",
            "issuance verify --output json");
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            administration.Patience = VerifyPatience;
            var found = await administration.GetAsync("/v1/issuances/verification", ApiJson.Default.LogVerificationView, cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(found, ApiJson.Default.LogVerificationView);
            }
            else
            {
                foreach (var finding in found.Findings ?? [])
                {
                    call.Printer.Line(finding);
                }

                call.Printer.Line(found.Whole ? "The issuance log is whole." : "The issuance log is BROKEN.");
            }

            return found.Whole ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<IssuancePage> PagesAsync(ControlPlane administration, string? identity, int limit, CancellationToken cancellationToken)
    {
        var issuances = new List<IssuanceItem>();
        long? before = null;
        do
        {
            var query = $"/v1/issuances?limit={Math.Min(PageSize, limit - issuances.Count)}"
                + (identity is null ? "" : $"&spiffeId={Uri.EscapeDataString(identity)}") + (before is null ? "" : $"&before={before}");
            var page = await administration.GetAsync(query, ApiJson.Default.IssuancePage, cancellationToken);
            issuances.AddRange(page.Issuances ?? []);
            before = page.Next;
        }
        while (before is not null && issuances.Count < limit);
        return new IssuancePage(issuances, before);
    }

    private static void Print(Printer printer, IssuancePage page)
    {
        if (page.Issuances is [var only])
        {
            printer.Facts(
                ("kind", only.Kind), ("spiffe id", only.SpiffeId), ("serial", only.Serial), ("issuer", only.IssuerAuthorityId),
                ("valid", $"{Printable.Of(only.NotBefore)} to {Printable.Of(only.NotAfter)}"), ("issued", Printable.Of(only.IssuedAt)), ("caller", only.Caller),
                ("registration", only.RegistrationId), ("attested", Printable.Of(only.AttestedAt)), ("request", only.RequestId), ("bundle", $"{only.BundleNumber}"),
                ("der sha-256", only.DerSha256));
            return;
        }

        printer.Table(
            ["issued", "kind", "spiffe id", "serial", "not after", "caller", "request"],
            page.Issuances.Select(one => (IReadOnlyList<string?>)
                [Printable.Of(one.IssuedAt), one.Kind, one.SpiffeId, one.Serial, Printable.Of(one.NotAfter), one.Caller, one.RequestId]),
            "There are no such issuances.");
        if (page.Next is not null)
        {
            printer.Note("There are older ones: --limit shows more.");
        }
    }
}
