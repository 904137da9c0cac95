using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary><c>meshctl template</c>: registrations by pattern.</summary>
internal static class TemplateCommands
{
    public static Command Create(CliHost host) => new("template", "Registration templates: identities by pattern, for all callers of a token issuer.")
    {
        New(host), List(host), Delete(host),
    };

    private static TaughtCommand New(CliHost host)
    {
        var pattern = new Argument<string>("pattern") { Description = "SPIFFE ID with variables such as {trustDomain}, {k8s.ns} and {k8s.sa}." };
        var source = new Option<string>("--source") { Description = "The token issuer (attestation.kubernetes) that it serves; '*' for every one.", HelpName = "NAME", Required = true };
        var ttl = Durations.Option("--ttl", "Life of its X.509-SVIDs. Default: the configuration's.");
        var hint = new Option<string?>("--hint") { Description = "Word that helps the workload to choose among several SVIDs.", HelpName = "TEXT" };
        var command = new TaughtCommand(
            "create", "Create a template.", "template create 'spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}' --source prod") { pattern, source, ttl, hint };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var body = new TemplateBody(call.Get(source)!, call.Get(pattern)!, (int?)call.Get(ttl)?.TotalSeconds, call.Get(hint));
            var created = await administration.PostAsync(
                "/v1/templates", body, ApiJson.Default.TemplateBody, ApiJson.Default.TemplateView, cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(created, ApiJson.Default.TemplateView);
                return;
            }

            Print(call.Printer, [created]);
        });
        return command;
    }

    private static TaughtCommand List(CliHost host)
    {
        var command = new TaughtCommand("list", "List all templates.", "template list");
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var list = await administration.GetAsync("/v1/templates", ApiJson.Default.TemplateList, cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(list, ApiJson.Default.TemplateList);
                return;
            }

            Print(call.Printer, list.Templates ?? []);
        });
        return command;
    }

    private static TaughtCommand Delete(CliHost host)
    {
        var id = new Argument<string>("id") { Description = "The template's id, from 'template list'." };
        var reason = ReasonOption.Create();
        var command = new TaughtCommand("delete", "Delete a template: no more certificates from it.", "template delete 91d2 --reason \"cluster retired\"") { id, reason };
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var template = call.Get(id)!;
            await administration.DeleteAsync(
                $"/v1/templates/{Uri.EscapeDataString(template)}?reason={Uri.EscapeDataString(call.Get(reason)!)}", cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(new DeletedView(template), ApiJson.Default.DeletedView);
                return;
            }

            call.Printer.Line($"Deleted template {template}.");
        });
        return command;
    }

    private static void Print(Printer printer, IReadOnlyList<TemplateView> templates) => printer.Table(
        ["id", "source", "pattern", "ttl", "created"],
        templates.Select(template => (IReadOnlyList<string?>)
        [
            template.Id, template.Source, template.Pattern,
            template.X509SvidTtlSeconds is { } ttl ? Durations.Format(TimeSpan.FromSeconds(ttl)) : "", Printable.Of(template.CreatedAt),
        ]),
        "There are no templates.");
}
