using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

[Alias("solo.tests.ITimerGrain")]
public interface ITimerGrain : IGrainWithStringKey
{
    /// <summary>Starts a timer whose ticks mark <c>tick:key</c>, and do what their name says.</summary>
    [Alias("Start")]
    Task Start(string what, TimeSpan dueTime, TimeSpan period, bool interleave = false, bool keepAlive = false);

    [Alias("Stop")]
    Task Stop();

    [Alias("Change")]
    Task Change(TimeSpan dueTime, TimeSpan period);

    [Alias("Hold")]
    Task Hold(string gate);

    [Alias("Leave")]
    Task Leave();
}
