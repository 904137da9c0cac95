using System.CommandLine;
using System.Globalization;

namespace MeshGrains.Cli;

/// <summary><c>meshctl cluster</c>: the clusters of the trust domain.</summary>
internal static class ClusterCommands
{
    public static Command Create(CliHost host) => new("cluster", "The member clusters of a trust domain, at its home cluster.") { List(host) };

    private static TaughtCommand List(CliHost host)
    {
        var command = new TaughtCommand(
            "list", "List the member clusters: when each was heard, which bundle it serves, what the root's rotation waits for there.", "cluster list", "cluster list --output json");
        var connection = new ConnectionOptions(command);
        command.Does(host, async (call, cancellationToken) =>
        {
            using var administration = connection.Resolve(call).Administration();
            var list = await administration.GetAsync("/v1/clusters", ApiJson.Default.ClusterList, cancellationToken);
            if (call.Printer.IsJson)
            {
                call.Printer.Json(list, ApiJson.Default.ClusterList);
                return;
            }

            call.Printer.Line($"Home cluster {list.Home}, bundle {list.BundleNumber}");
            call.Printer.Line();
            call.Printer.Table(
                ["cluster", "heard", "bundle", "paths", "rotation"],
                (list.Clusters ?? []).Select(cluster => (IReadOnlyList<string?>)
                [
                    cluster.Name,
                    cluster.HeardAt is { } heard ? Printable.Of(heard) : "never",
                    cluster.BundleNumber?.ToString(CultureInfo.InvariantCulture),
                    string.Join(' ', cluster.AllowedPaths ?? []),
                    Rotation(cluster),
                ]),
                "No cluster is listed as a member (authority.clusters).");
        });
        return command;
    }

    private static string? Rotation(ClusterView cluster)
    {
        if (cluster.Phase is null)
        {
            return null;
        }

        var waits = cluster.Failure ?? (cluster.Missing is { Count: > 0 } missing ? $"waits for {string.Join(", ", missing)}" : "nothing missing");
        return cluster.Live is > 0 and var live ? $"{cluster.Phase}: {waits}; {live} live" : $"{cluster.Phase}: {waits}";
    }
}
