using System.Collections.Concurrent;
using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>Which version each process of a cluster runs from its next start on, and how long both ran side by side.</summary>
/// <param name="older">What all of them run at first.</param>
/// <param name="newer">What they come to.</param>
/// <param name="settings">Settings that the newer one is given while the older one is there: those that the older one's silos need of it.</param>
internal sealed class RollingVersions(ProductVersion older, ProductVersion newer, IReadOnlyList<string> settings)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly ConcurrentDictionary<string, bool> _upgraded = new(StringComparer.Ordinal);
    private long _mixedSince;
    private long _mixedUntil;

    public ProductVersion Older => older;

    public ProductVersion Newer => newer;

    /// <summary>From the first start of the newer version to the end of the last process of the older one.</summary>
    public TimeSpan Mixed => _mixedSince == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_mixedSince, _mixedUntil == 0 ? Stopwatch.GetTimestamp() : _mixedUntil);

    public MemberTuning Of(string name, MemberTuning planted) => _upgraded.ContainsKey(name)
        ? planted with { Program = newer.Program, Flags = [.. settings.SelectMany(setting => new[] { "--set", setting }), .. planted.Flags] }
        : planted with { Program = older.Program };

    /// <summary>Drains a silo and starts it with the newer version, or with the older one again, on the same data; waits until it is ready.</summary>
    /// <exception cref="TimeoutException">It did not end, or did not become ready.</exception>
    public async Task RestartAsync(ClusterMember silo, bool newerOne, CancellationToken cancellationToken)
    {
        var version = newerOne ? newer : older;
        Progress.Say($"{silo.Name} -> {version.Name}");
        Plan(silo.Name, newerOne);
        if (!await silo.Process.DrainAsync(Patience))
        {
            throw new TimeoutException($"{silo.Name} did not end within {Patience.TotalSeconds:0} s of SIGTERM. It printed:\n{silo.Process.Output}");
        }

        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        await silo.UntilReadyAsync(Patience, cancellationToken);
        Check(silo, version);
        Progress.Say($"{silo.Name} is ready as {version.Name}");
    }

    /// <summary>Has a gateway of the newer version take the older one's place.</summary>
    public async Task ReplaceGatewayAsync(MeshCluster mesh, CancellationToken cancellationToken)
    {
        const string name = ClusterNames.Gateway + "-2";
        Progress.Say($"{name} as {newer.Name}");
        Plan(name, newerOne: true);
        await mesh.ReplaceGatewayAsync(name, cancellationToken);
        Check(mesh.Gateway!, newer);
    }

    /// <summary>The older version is gone.</summary>
    public void End() => _mixedUntil = Stopwatch.GetTimestamp();

    internal void Plan(string name, bool newerOne)
    {
        if (newerOne)
        {
            _upgraded[name] = true;
            _mixedSince = _mixedSince == 0 ? Stopwatch.GetTimestamp() : _mixedSince;
        }
        else
        {
            _upgraded.TryRemove(name, out _);
        }
    }

    /// <summary>What runs is what was wanted, by the kernel's word.</summary>
    private static void Check(ClusterMember member, ProductVersion version)
    {
        var runs = File.ResolveLinkTarget($"/proc/{member.Process.Id}/exe", returnFinalTarget: false)?.FullName;
        if (runs != version.Program)
        {
            throw new InvalidOperationException($"{member.Name} runs {runs}, not {version.Program}.");
        }
    }
}
