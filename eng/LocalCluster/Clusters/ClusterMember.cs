using System.Diagnostics;

namespace MeshGrains.LocalCluster;

/// <summary>A silo or the gateway of a cluster: its supervised process and its data directory.</summary>
public sealed class ClusterMember : IAsyncDisposable
{
    /// <summary>What ends again and again will not become ready.</summary>
    private const int MaxRestarts = 5;

    internal ClusterMember(string name, IReadOnlyList<string> roles, string data, SupervisedProcess process, string? linkAddress, string? relayAddress) =>
        (Name, Roles, Data, Process, LinkAddress, RelayAddress) = (name, roles, data, process, linkAddress, relayAddress);

    public string Name { get; }

    /// <summary>Empty for the gateway.</summary>
    public IReadOnlyList<string> Roles { get; }

    public string Data { get; }

    public SupervisedProcess Process { get; }

    /// <summary>Where it listens for other silos; null for the gateway.</summary>
    public string? LinkAddress { get; }

    /// <summary>Where it takes relayed calls; null for the gateway.</summary>
    public string? RelayAddress { get; }

    public string BundlePem => Path.Combine(Data, "bundle.pem");

    public string BundleJson => Path.Combine(Data, "bundle.json");

    /// <summary>Where the living process listens; null until it says so.</summary>
    public MemberEndpoints? Endpoints => MemberEndpoints.TryRead(Data) is { } endpoints && endpoints.ProcessId == Process.Id ? endpoints : null;

    public async Task<Readiness> ReadinessAsync(CancellationToken cancellationToken) => Endpoints is { } endpoints
        ? await Readiness.AskAsync(endpoints.Operations, cancellationToken)
        : Readiness.Not(Process.State == SupervisedState.Running ? "is starting" : $"is {Words.Of(Process.State)}");

    /// <summary>Waits until <c>/readyz</c> answers 200.</summary>
    /// <exception cref="TimeoutException">It did not in time, or cannot work; the message says why and holds what it printed.</exception>
    public async Task UntilReadyAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var restarts = Process.Restarts;
        while (true)
        {
            var readiness = await ReadinessAsync(cancellationToken);
            if (readiness.IsReady)
            {
                return;
            }

            if (clock.Elapsed > patience || Process.State is SupervisedState.Failed or SupervisedState.Stopped || Process.Restarts - restarts >= MaxRestarts)
            {
                throw new TimeoutException($"{Name} is not ready after {clock.Elapsed.TotalSeconds:0} s: {readiness.Why}. It printed:\n{Process.Output}");
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
