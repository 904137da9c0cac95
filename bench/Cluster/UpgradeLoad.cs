using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>The clients and the operator of the upgrade drill, and the steps of the upgrade under them.</summary>
internal sealed class UpgradeLoad(DrillCluster cluster, RollingVersions versions, bool jwt)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SideBySide = TimeSpan.FromSeconds(8);

    private readonly List<(string Name, long From, long To)> _phases = [];
    private string? _stuck;
    private bool _rolledBack;

    public async Task<UpgradeRun> RunAsync(CancellationToken cancellationToken)
    {
        await using var bundles = new BundleWatch(cluster.Mesh, jwt);
        await using var admin = new AdminCalls(cluster.Mesh, "upgrade");
        await using var clients = new DrillClients(cluster.Tokens, () => cluster.Front, ClientRules.Issue);
        var mesh = cluster.Mesh;
        await PhaseAsync("older", clients, () => Task.Delay(Quiet, cancellationToken));

        // Whoever is called goes before whoever calls: authorities, then issuers, then the gateway.
        await PhaseAsync("first", clients, () => versions.RestartAsync(mesh.Silo(1), newerOne: true, cancellationToken));
        await PhaseAsync("second", clients, () => versions.RestartAsync(mesh.Silo(2), newerOne: true, cancellationToken));
        await PhaseAsync("mixed", clients, () => Task.Delay(SideBySide, cancellationToken));
        await PhaseAsync("rolled_back", clients, async () =>
        {
            await versions.RestartAsync(mesh.Silo(1), newerOne: false, cancellationToken);
            _rolledBack = true;
            await Task.Delay(SideBySide, cancellationToken);
        });
        await PhaseAsync("again", clients, () => versions.RestartAsync(mesh.Silo(1), newerOne: true, cancellationToken));
        await PhaseAsync("third", clients, () => versions.RestartAsync(mesh.Silo(3), newerOne: true, cancellationToken));
        await PhaseAsync("gateway", clients, async () =>
        {
            await versions.ReplaceGatewayAsync(mesh, cancellationToken);
            versions.End();
        });
        await PhaseAsync("newer", clients, () => Task.Delay(Quiet, cancellationToken));
        var ended = Stopwatch.GetTimestamp();
        await admin.StopAsync();
        await clients.StopAsync();
        await bundles.StopAsync();

        var received = clients.Received();
        var audit = await LogAudit.RunAsync(cluster, [.. received.Select(one => one.Serial)], cancellationToken);
        var (validated, invalid, firstInvalid) = clients.Validate(cluster.Front.TrustPem!);
        using var operators = await cluster.AdminAsync(cancellationToken);
        return new UpgradeRun
        {
            Seconds = Stopwatch.GetElapsedTime(clients.Began, ended).TotalSeconds,
            Issued = received.Length,
            Failures = Told(clients.Failures(), clients.Began),
            Retries = clients.Attempts - received.Length,
            AdminCalls = admin.Calls,
            AdminFailures = Told(admin.Failures, admin.Began),
            Registered = admin.Registered.Count,
            LostRegistrations = await LostAsync(admin.Registered, one => one.EntryIdentitiesAsync(cancellationToken)),
            Quarantined = admin.Quarantined.Count,
            LostDenials = await LostAsync(admin.Quarantined, one => one.DeniedAsync(cancellationToken)),
            Audit = audit,
            Checked = validated,
            Invalid = invalid,
            FirstInvalid = firstInvalid,
            LongestGap = clients.LongestGap(clients.Began, ended).TotalSeconds,
            Phases = [.. _phases.Select(phase => (phase.Name, clients.LongestGap(phase.From, phase.To).TotalSeconds))],
            Mixed = versions.Mixed.TotalSeconds,
            RolledBack = _rolledBack,
            Stuck = _stuck,
            BundleChanges = bundles.Changes,
            LogFindings = await operators.VerifyLogAsync(cancellationToken),
        };
    }

    /// <summary>As an operator does who watches: a step that does not come to its end is the last one.</summary>
    private async Task PhaseAsync(string name, DrillClients clients, Func<Task> act)
    {
        if (_stuck is not null)
        {
            return;
        }

        var from = Stopwatch.GetTimestamp();
        var (issued, failed) = (clients.Issued, clients.Failures().Length);
        try
        {
            await act();
        }
        catch (TimeoutException failure)
        {
            Progress.Say($"{name}: {failure.Message}");
            _stuck = $"{name}: {failure.Message.Split('\n')[0]}";
        }

        _phases.Add((name, from, Stopwatch.GetTimestamp()));
        Progress.Say($"{name}: {clients.Issued - issued} issued, {clients.Failures().Length - failed} failed, longest gap {clients.LongestGap(from, Stopwatch.GetTimestamp()).TotalSeconds:0.0} s");
    }

    /// <summary>What at least one silo does not show.</summary>
    private async Task<int> LostAsync(IReadOnlyCollection<string> acknowledged, Func<AdminClient, Task<HashSet<string>>> read)
    {
        var lost = new HashSet<string>(StringComparer.Ordinal);
        foreach (var silo in cluster.Mesh.Silos.Where(silo => silo.Endpoints is not null))
        {
            using var admin = DrillCluster.AdminOf(silo);
            var shown = await read(admin);
            lost.UnionWith(acknowledged.Where(one => !shown.Contains(one)));
        }

        return lost.Count;
    }

    private static IReadOnlyList<string> Told(IEnumerable<(long At, string Why)> failures, long began)
        => [.. failures.Select(failure => $"{Stopwatch.GetElapsedTime(began, failure.At).TotalSeconds:0.0} s after the start: {failure.Why}")];
}
