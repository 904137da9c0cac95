namespace MeshGrains.Bench;

/// <summary>Kills a silo under load again and again, and after each restart looks for everything that was handed out before.</summary>
internal sealed class CrashSeries(string name, SiloSetup setup, CrashLoad load, Func<int, CrashPoint> pointOf)
{
    private readonly HashSet<UInt128> _unrecorded = [];
    private readonly HashSet<string> _lost = new(StringComparer.Ordinal);
    private int _kills;
    private int _atPoints;
    private int _duplicatesInLog;

    /// <param name="kills">How often the process is killed.</param>
    /// <param name="environment">The faults that are planted into it.</param>
    /// <param name="cancellationToken">Ends the series.</param>
    public async Task<CrashTally> RunAsync(int kills, IReadOnlyDictionary<string, string?> environment, CancellationToken cancellationToken)
    {
        while (_kills < kills)
        {
            var point = pointOf(_kills);
            await using var silo = await SiloProcess.StartAsync(setup with { Environment = environment.KilledAt(point) }, cancellationToken);
            await silo.UntilReadyAsync(cancellationToken);
            await CheckAsync(silo, cancellationToken);
            await KillUnderLoadAsync(silo, point, cancellationToken);
        }

        await using var last = await SiloProcess.StartAsync(setup, cancellationToken);
        await last.UntilReadyAsync(cancellationToken);
        await CheckAsync(last, cancellationToken);
        await last.Process.StopAsync(TimeSpan.FromSeconds(20));
        var received = load.Received();
        return new CrashTally(
            _kills, _atPoints, received.Length, _unrecorded.Count, _duplicatesInLog + received.Length - received.Distinct().Count(),
            load.Acknowledged().Length, _lost.Count);
    }

    private async Task KillUnderLoadAsync(SiloProcess silo, CrashPoint point, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var before = load.Received().Length;
        var running = load.RunAsync(silo, over.Token);
        if (point.Name is null)
        {
            await load.FirstOfThisLife.WaitAsync(TimeSpan.FromSeconds(20), cancellationToken);
        }

        var died = await silo.Process.WaitAsync(point.After);
        await silo.Process.KillAsync();
        await over.CancelAsync();
        await running;
        if (point.Name is not null && !died)
        {
            throw new InvalidOperationException($"{point} was not reached within {point.After.TotalSeconds:0} s of load; the silo printed:\n{silo.Process.Output}");
        }

        if (point.Name is null && died)
        {
            throw new InvalidOperationException($"The silo ended by itself with {silo.Process.ExitCode}:\n{silo.Process.Output}");
        }

        _kills++;
        _atPoints += point.Name is null ? 0 : 1;
        Progress.Say($"{name}: kill {_kills} at {point}; {load.Received().Length - before} certificates in this life, {load.Acknowledged().Length} entries so far");
    }

    private async Task CheckAsync(SiloProcess silo, CancellationToken cancellationToken)
    {
        // What counts was received before this start: the load of this life begins afterwards.
        var log = await silo.Admin.ReadLogAsync(cancellationToken);
        _unrecorded.UnionWith(load.Received().Where(serial => !log.Contains(serial)));
        _duplicatesInLog = log.Duplicates;
        var entries = await silo.Admin.EntryIdsAsync(cancellationToken);
        _lost.UnionWith(load.Acknowledged().Where(id => !entries.Contains(id)));
    }
}
