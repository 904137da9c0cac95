using Orleans.Runtime;
using Orleans.Solo;

namespace Orleans;

/// <summary>Reminders: wake-ups that are stored, and therefore outlive the activation and the process.</summary>
public static class GrainReminderExtensions
{
    /// <summary>Stores a reminder of this grain, in place of one with the same name.</summary>
    /// <exception cref="ArgumentException">The period is below the host's minimum (one minute unless configured).</exception>
    /// <exception cref="InvalidOperationException">The grain is not <see cref="IRemindable"/>.</exception>
    public static Task<IGrainReminder> RegisterOrUpdateReminder(
        this IGrainBase grain, string reminderName, TimeSpan dueTime, TimeSpan period)
    {
        var activation = Activation.Of(grain);
        ArgumentException.ThrowIfNullOrWhiteSpace(reminderName);
        return grain is IRemindable
            ? activation.Reminders.RegisterAsync(activation.GrainId, reminderName, dueTime, period)
            : throw new InvalidOperationException($"Grain {activation.GrainId} must implement {nameof(IRemindable)} to have reminders.");
    }

    /// <exception cref="ReminderException">The stored reminder is no longer the one given.</exception>
    public static Task UnregisterReminder(this IGrainBase grain, IGrainReminder reminder)
    {
        ArgumentNullException.ThrowIfNull(reminder);
        return Activation.Of(grain).Reminders.UnregisterAsync(reminder);
    }

    public static Task<IGrainReminder?> GetReminder(this IGrainBase grain, string reminderName)
    {
        var activation = Activation.Of(grain);
        ArgumentException.ThrowIfNullOrWhiteSpace(reminderName);
        return activation.Reminders.GetAsync(activation.GrainId, reminderName);
    }

    public static Task<List<IGrainReminder>> GetReminders(this IGrainBase grain)
    {
        var activation = Activation.Of(grain);
        return activation.Reminders.GetAllAsync(activation.GrainId);
    }

    public static Task<IGrainReminder> RegisterOrUpdateReminder(this Grain grain, string reminderName, TimeSpan dueTime, TimeSpan period) =>
        RegisterOrUpdateReminder((IGrainBase)grain, reminderName, dueTime, period);

    public static Task UnregisterReminder(this Grain grain, IGrainReminder reminder) => UnregisterReminder((IGrainBase)grain, reminder);

    public static Task<IGrainReminder?> GetReminder(this Grain grain, string reminderName) => GetReminder((IGrainBase)grain, reminderName);

    public static Task<List<IGrainReminder>> GetReminders(this Grain grain) => GetReminders((IGrainBase)grain);
}
