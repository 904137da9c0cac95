using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Grains;

/// <summary>Counts changes, keeps the newest, and pushes them. Whoever does not answer is told no more until it follows again.</summary>
[GrainType("registration-news")]
internal sealed partial class RegistrationNewsGrain(IRandomSource random, TimeProvider time, ILogger<RegistrationNewsGrain> logger) : Grain, IRegistrationNewsGrain
{
    /// <summary>Some 100 bytes each.</summary>
    private const int Remembered = 10_000;

    private const int MaxSilos = 1024;
    private static readonly TimeSpan PushTimeout = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, (IRegistrationObserver Ear, long Told)> _silos = new(StringComparer.Ordinal);
    private RegistrationJournal _journal = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _journal = new RegistrationJournal(random.NewId(), Remembered);
        return Task.CompletedTask;
    }

    public async Task AnnounceAsync(string silo, ImmutableArray<string> parents, bool anyone)
    {
        _journal.Add(silo, parents, anyone);
        await Task.WhenAll(_silos.Keys.ToList().Select(PushAsync));
    }

    public Task<RegistrationNews> FollowAsync(string silo, string epoch, long number, IRegistrationObserver ear)
    {
        if (_silos.Count >= MaxSilos && !_silos.ContainsKey(silo))
        {
            // Incarnations that ended without a word; those that live follow again within seconds.
            _silos.Clear();
        }

        _silos[silo] = (ear, _journal.Number);
        return Task.FromResult(_journal.Since(silo, epoch, number));
    }

    public Task LeaveAsync(string silo)
    {
        _silos.Remove(silo);
        return Task.CompletedTask;
    }

    private async Task PushAsync(string silo)
    {
        var (ear, told) = _silos[silo];
        var news = _journal.Since(silo, _journal.Epoch, told);
        try
        {
            await ear.ChangedAsync(news).WaitAsync(PushTimeout, time);
            _silos[silo] = (ear, news.Number);
        }
        catch (Exception failure)
        {
            // It finds out by itself: it asks every few seconds.
            _silos.Remove(silo);
            LogNotTold(logger, silo, news.Number, failure.Message);
        }
    }

    [LoggerMessage(EventId = 195, Level = LogLevel.Information,
        Message = "Silo {Silo} was not told of registration change {Number} ({Reason}); it asks for it within seconds.")]
    private static partial void LogNotTold(ILogger logger, string silo, long number, string reason);
}
