using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

[GrainType("reminder")]
public sealed class ReminderGrain(Probe probe) : Grain, IReminderGrain, IRemindable
{
    public Task Register(string name, TimeSpan dueTime, TimeSpan period) => this.RegisterOrUpdateReminder(name, dueTime, period);

    public async Task Unregister(string name) =>
        await this.UnregisterReminder(await this.GetReminder(name) ?? throw new InvalidOperationException("There is none."));

    public async Task<string[]> Names() => [.. (await this.GetReminders()).Select(reminder => reminder.ReminderName).Order()];

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        probe.Write($"{reminderName} {status.FirstTickTime:u} {status.Period}");
        probe.Mark($"reminded:{this.GetPrimaryKeyString()}:{reminderName}");
        return reminderName == "throw" ? throw new InvalidOperationException("A reminder fails.") : Task.CompletedTask;
    }
}
