using System.Globalization;

namespace MeshGrains.LocalCluster;

/// <summary>A cluster's status for people.</summary>
internal static class StatusTable
{
    public static void Print(TextWriter output, ClusterStatus status, DateTimeOffset now)
    {
        output.WriteLine($"trust domain {status.TrustDomain}, cluster {status.Phase}{(status.Fault is null ? "" : $": {status.Fault}")} (supervisor {status.Pid})");
        if (status.Gateway is { Address: { } address })
        {
            output.WriteLine($"gateway      {address}");
        }

        string[][] rows =
        [
            ["", "role", "pid", "state", "ready", "issuing CA", "since", "restarts"],
            .. status.Silos.Select(silo => Row(silo, now)),
            .. status.Gateway is { } gateway ? new[] { Row(gateway, now) } : [],
            .. status.Stores.Select(store => Row(store, now)),
        ];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        output.WriteLine();
        foreach (var row in rows)
        {
            output.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }

        foreach (var member in status.Silos.Append(status.Gateway).OfType<MemberStatus>().Where(member => member.Why is not null || member.LastEnd is not null))
        {
            output.WriteLine();
            output.WriteLine($"{member.Name}: {string.Join("; ", new[] { member.Why, member.LastEnd is null ? null : $"before: {member.LastEnd}" }.OfType<string>())}");
        }
    }

    internal static string[] Row(MemberStatus member, DateTimeOffset now) =>
    [
        member.Name, string.Join('+', member.Roles), member.Pid?.ToString(CultureInfo.InvariantCulture) ?? "-", member.State,
        member.Ready switch { true => "yes", false => "no", null => "-" },
        member.IssuingCa is { Length: > 12 } long12 ? long12[..12] : member.IssuingCa ?? "-",
        member.Since is { } since ? Ago(now - since) : "-", member.Restarts.ToString(CultureInfo.InvariantCulture),
    ];

    private static string Ago(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => $"{time.TotalSeconds:0} s",
        { TotalHours: < 1 } => $"{time.TotalMinutes:0} min",
        { TotalDays: < 1 } => $"{time.TotalHours:0.0} h",
        _ => $"{time.TotalDays:0.0} d",
    };
}
