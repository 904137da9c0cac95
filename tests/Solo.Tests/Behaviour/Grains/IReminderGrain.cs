using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

[Alias("solo.tests.IReminderGrain")]
public interface IReminderGrain : IGrainWithStringKey
{
    [Alias("Register")]
    Task Register(string name, TimeSpan dueTime, TimeSpan period);

    [Alias("Unregister")]
    Task Unregister(string name);

    [Alias("Names")]
    Task<string[]> Names();
}
