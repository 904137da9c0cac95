using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans.Solo;

/// <summary>
/// Wakes grains by the rows of the reminder table. A tick is an ordinary call; the next is armed when it has been answered, on the next
/// whole period after the row's start, so that missed ticks are not made up for and ticks never overlap.
/// </summary>
internal sealed class ReminderService(SoloHost host, IReminderTable? table) : IDisposable
{
    // Timers take at most 49 days; a later reminder is armed again on the way.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromDays(30);
    private readonly Dictionary<(GrainId, string), Reminder> _armed = [];
    private bool _stopped;

    public async Task<int> StartAsync(CancellationToken cancellationToken)
    {
        if (table is null)
        {
            return 0;
        }

        await table.StartAsync(cancellationToken).ConfigureAwait(false);
        var rows = (await table.ReadRows(0, 0).ConfigureAwait(false)).Reminders;
        foreach (var row in rows)
        {
            Arm(new(this, row));
        }

        return rows.Count;
    }

    public async Task<IGrainReminder> RegisterAsync(GrainId grainId, string name, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
        if (period < host.Options.MinimumReminderPeriod)
        {
            throw new ArgumentException($"Reminder '{name}' of {grainId} has a period of {period}; the least is {host.Options.MinimumReminderPeriod}.", nameof(period));
        }

        var row = new ReminderEntry { GrainId = grainId, ReminderName = name, StartAt = host.Clock.GetUtcNow().UtcDateTime + dueTime, Period = period };
        row.ETag = await Table.UpsertRow(row) ?? throw new ReminderException($"Reminder '{name}' of {grainId} could not be stored.");
        return Arm(new(this, row));
    }

    public async Task UnregisterAsync(IGrainReminder reminder)
    {
        var row = (reminder as Reminder ?? throw new ArgumentException("The reminder is of another host.", nameof(reminder))).Row;
        if (!await Table.RemoveRow(row.GrainId, row.ReminderName, row.ETag!))
        {
            throw new ReminderException($"Reminder '{row.ReminderName}' of {row.GrainId} was changed or removed meanwhile. Get it again.");
        }

        Disarm(row);
    }

    public async Task<IGrainReminder?> GetAsync(GrainId grainId, string name) =>
        await Table.ReadRow(grainId, name) is { } row ? new Reminder(this, row) : null;

    public async Task<List<IGrainReminder>> GetAllAsync(GrainId grainId) =>
        [.. (await Table.ReadRows(grainId)).Reminders.Select(row => new Reminder(this, row))];

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        await (table?.StopAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
    }

    public void Dispose()
    {
        lock (_armed)
        {
            _stopped = true;
            foreach (var reminder in _armed.Values)
            {
                reminder.Timer?.Dispose();
            }

            _armed.Clear();
        }
    }

    private IReminderTable Table => table ?? throw new OrleansException("Reminders need a store: register an IReminderTable.");

    private Reminder Arm(Reminder reminder)
    {
        lock (_armed)
        {
            Disarm(reminder.Row);
            if (!_stopped)
            {
                _armed[(reminder.Row.GrainId, reminder.Row.ReminderName)] = reminder;
                reminder.Timer = Flow.Without(() => host.Clock.CreateTimer(
                    static reminder => _ = ((Reminder)reminder!).DueAsync(), reminder, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
                Sleep(reminder);
            }
        }

        return reminder;
    }

    private void Disarm(ReminderEntry row)
    {
        lock (_armed)
        {
            if (_armed.Remove((row.GrainId, row.ReminderName), out var old))
            {
                old.Timer?.Dispose();
            }
        }
    }

    private void Sleep(Reminder reminder)
    {
        lock (_armed)
        {
            if (!_armed.TryGetValue((reminder.Row.GrainId, reminder.Row.ReminderName), out var current) || current != reminder)
            {
                return;
            }

            var now = host.Clock.GetUtcNow().UtcDateTime;
            var (start, period) = (reminder.Row.StartAt, reminder.Row.Period);
            reminder.Next = now <= start ? start : start + (((now - start).Ticks / period.Ticks) + 1) * period;
            var sleep = reminder.Next - now;
            reminder.Timer!.Change(sleep < LongestSleep ? sleep : LongestSleep, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task TickAsync(Reminder reminder)
    {
        var (row, now) = (reminder.Row, host.Clock.GetUtcNow().UtcDateTime);
        if (now >= reminder.Next)
        {
            try
            {
                await host.GetGrain<IRemindable>(row.GrainId)
                    .ReceiveReminder(row.ReminderName, new TickStatus(row.StartAt, row.Period, now)).ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                SoloLog.ReminderFailed(host.Logger, failure, row.ReminderName, row.GrainId);
            }
        }

        Sleep(reminder);
    }

    private sealed class Reminder(ReminderService service, ReminderEntry row) : IGrainReminder
    {
        public string ReminderName => Row.ReminderName;

        public ReminderEntry Row { get; } = row;

        public DateTime Next { get; set; }

        public ITimer? Timer { get; set; }

        public Task DueAsync() => service.TickAsync(this);
    }
}
