using System.Collections.Concurrent;
using System.Reflection;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;

namespace MeshGrains.Silo.Tests;

public sealed class ConfiguredTemplatesTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly World _world = new();
    private readonly TaskCompletionSource _ready = new();
    private readonly ConfiguredTemplates _templates;

    public ConfiguredTemplatesTests()
    {
        _templates = new ConfiguredTemplates(
            [new() { Source = "one", Pattern = "a" }, new() { Source = "two", Pattern = "b" }], "mesh.test", _ready.Task,
            Proxy<IRegistrationStore>.Of(_world), Proxy<IGrainFactory>.Of(_world), new SystemRandomSource(), _time, NullLogger<ConfiguredTemplates>.Instance);
    }

    [Theory]
    [InlineData(RefusalCode.Unavailable)]
    [InlineData(RefusalCode.ResourceExhausted)]
    public async Task A_template_that_could_not_be_applied_yet_is_tried_again_until_it_is_and_no_longer(RefusalCode code)
    {
        _world.Fails = source => source == "one" ? new GrainOperationException(code, "later", "Try again.") : null;
        _ready.SetResult();
        await _templates.StartAsync(default);
        for (var i = 1; i <= 3; i++)
        {
            await WaitUntilAsync(() => _world.Asked.Count(source => source == "one") == i && _time.ActiveTimers == 1);
            var pause = _time.UntilNextTimer!.Value;
            Assert.InRange(pause.TotalSeconds, 0.8 * (1 << (i - 1)), 1.2 * (1 << (i - 1)));
            if (i == 3)
            {
                _world.Fails = _ => null;
            }

            _time.Advance(pause);
        }

        await _templates.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(["one", "one", "one", "one"], _world.Asked.Where(source => source == "one"));
        Assert.Single(_world.Asked, source => source == "two");
        Assert.Equal(["one", "two"], _world.Stored.Values.Select(template => template.Source).Order());
        Assert.Equal(0, _time.ActiveTimers);
    }

    [Fact]
    public async Task A_store_that_fails_before_the_grain_is_asked_is_tried_again_too()
    {
        _world.ListFails = () => new IOException("The store is away.");
        _ready.SetResult();
        await _templates.StartAsync(default);
        await WaitUntilAsync(() => _time.ActiveTimers == 1);
        Assert.Empty(_world.Asked);

        _world.ListFails = () => null;
        _time.Advance(_time.UntilNextTimer!.Value);
        await _templates.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(2, _world.Stored.Count);
    }

    [Theory]
    [InlineData(RefusalCode.InvalidArgument)]
    [InlineData(RefusalCode.Conflict)]
    [InlineData(RefusalCode.Internal)]
    public async Task A_template_that_is_refused_is_not_tried_again_and_keeps_no_other_back(RefusalCode code)
    {
        _world.Fails = source => source == "one" ? new GrainOperationException(code, "no", "No.") : null;
        _ready.SetResult();
        await _templates.StartAsync(default);
        await _templates.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(["one", "two"], _world.Asked);
        Assert.Equal("two", Assert.Single(_world.Stored.Values).Source);
    }

    [Fact]
    public async Task A_stop_ends_the_waiting()
    {
        _world.Fails = _ => new GrainOperationException(RefusalCode.Unavailable, "later", "Try again.");
        _ready.SetResult();
        await _templates.StartAsync(default);
        await WaitUntilAsync(() => _time.ActiveTimers == 1);

        await _templates.StopAsync(default);
        Assert.True(_templates.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Equal(0, _time.ActiveTimers);
    }

    public async ValueTask DisposeAsync()
    {
        await _templates.StopAsync(default);
        _templates.Dispose();
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            await Task.Delay(5, patience.Token);
        }
    }

    private sealed class World
    {
        public ConcurrentDictionary<string, RegistrationTemplate> Stored { get; } = new();

        /// <summary>The sources of the templates that the grain was given.</summary>
        public ConcurrentQueue<string> Asked { get; } = new();

        public Func<string, Exception?> Fails { get; set; } = _ => null;

        public Func<Exception?> ListFails { get; set; } = () => null;

        public object? Call(MethodInfo method, object?[] arguments)
        {
            switch (method.Name)
            {
                case "GetGrain":
                    return Proxy<ITrustDomainGrain>.Of(this);
                case nameof(IRegistrationStore.ListTemplatesAsync):
                    return ListFails() is { } away ? throw away : new ValueTask<IReadOnlyList<RegistrationTemplate>>([.. Stored.Values]);
                case nameof(ITrustDomainGrain.PutTemplateAsync):
                    var template = (RegistrationTemplate)arguments[0]!;
                    Asked.Enqueue(template.Source);
                    if (Fails(template.Source) is { } failure)
                    {
                        return Task.FromException<RegistrationTemplate>(failure);
                    }

                    Stored[template.Id] = template;
                    return Task.FromResult(template);
                default:
                    throw new NotSupportedException(method.Name);
            }
        }
    }

#pragma warning disable CA1852 // DispatchProxy derives from it at run time.
    internal class Proxy<T> : DispatchProxy
        where T : class
    {
        private World _world = null!;

        internal static T Of(object world)
        {
            var made = Create<T, Proxy<T>>();
            ((Proxy<T>)(object)made)._world = (World)world;
            return made;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _world.Call(targetMethod!, args ?? []);
    }
#pragma warning restore CA1852
}
