using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl authority</c>: roots and issuing CAs.</summary>
internal static class AuthorityCommands
{
    public static Command Create(CliHost host) =>
        new("authority", "The CAs: root authorities of the trust domain, issuing CAs of the silos, keys for JWT-SVIDs.") { List(host), Taint(host), JwtAuthorityCommands.Create(host) };

    private static TaughtCommand List(CliHost host)
    {
        var command = new TaughtCommand("list", "List root authorities and issuing CAs.", "authority list", "authority list --output json");
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var roots = await administration.GetAsync("/v1/authorities", ApiJson.Default.AuthorityList, cancellationToken);
            var issuing = await administration.GetAsync("/v1/issuing-cas", ApiJson.Default.IssuingCaList, cancellationToken);
            if (call.Printer.IsJson)
            {
                var overview = new AuthorityOverview(roots.TrustDomain, roots.BundleNumber, roots.Authorities ?? [], issuing.IssuingCas ?? []);
                call.Printer.Json(overview, ApiJson.Default.AuthorityOverview);
                return;
            }

            call.Printer.Line($"Trust domain {roots.TrustDomain}, bundle {roots.BundleNumber}");
            call.Printer.Line();
            PrintRoots(call.Printer, roots.Authorities ?? []);
            call.Printer.Line();
            PrintIssuingCas(call.Printer, issuing.IssuingCas ?? [], null);
        });
        return command;
    }

    private static TaughtCommand Taint(CliHost host)
    {
        var id = new Argument<string>("id") { Description = "Authority id of an issuing CA, from 'authority list'." };
        var reason = ReasonOption.Create();
        var over = Durations.Option(
            "--reissue-over",
            "The time over which agents replace what it signed, up to 24h. Until then, and a minute more, holders of its certificates are heard still, so that agents can "
            + "renew with theirs. Default: at once; agents that it signed for have to attest anew.");
        var command = new TaughtCommand(
            "taint", "Take an issuing CA out of use, as after a break-in: its silo gets another at once, and agents replace what it signed.",
            "authority taint d565ba3aa372… --reason \"silo-1 was broken into\"", "authority taint d565ba3aa372… --reason \"silo-1 is sold\" --reissue-over 10m")
        {
            id, reason, over,
        };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var tainted = await administration.PostAsync(
                $"/v1/issuing-cas/{Uri.EscapeDataString(call.Get(id)!)}/taint", new TaintBody(call.Get(reason)!, (int?)call.Get(over)?.TotalSeconds), ApiJson.Default.TaintBody,
                ApiJson.Default.IssuingCaItem, cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(tainted, ApiJson.Default.IssuingCaItem);
                return;
            }

            PrintIssuingCas(call.Printer, [tainted], null);
        });
        return command;
    }

    public static void PrintRoots(Printer printer, IReadOnlyList<AuthorityItem> roots) => printer.Table(
        ["root authority", "state", "not before", "not after", "key"],
        roots.Select(root => (IReadOnlyList<string?>)
            [root.AuthorityId, root.State, Printable.Of(root.NotBefore), Printable.Of(root.NotAfter), root.KeyReference]),
        "There is no root authority.");

    /// <param name="printer">Where to.</param>
    /// <param name="issuingCas">The CAs.</param>
    /// <param name="live">Unexpired leaves by CA; null where they were not counted.</param>
    public static void PrintIssuingCas(Printer printer, IReadOnlyList<IssuingCaItem> issuingCas, IReadOnlyDictionary<string, long>? live) => printer.Table(
        live is null ? ["issuing ca", "silo", "state", "not after", "root", "tainted for"] : ["issuing ca", "silo", "state", "not after", "live svids", "tainted for"],
        issuingCas.Select(ca => (IReadOnlyList<string?>)
        [
            ca.AuthorityId, ca.Silo, ca.State, Printable.Of(ca.NotAfter), live is null ? ca.RootAuthorityId : $"{live.GetValueOrDefault(ca.AuthorityId)}", ca.TaintReason,
        ]),
        "There is no issuing CA.");
}
