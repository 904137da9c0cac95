using System.Reflection;
using System.Reflection.Emit;
using MeshGrains.Solo.Tests.Behaviour;
using MeshGrains.Solo.Tests.Behaviour.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Solo;

namespace MeshGrains.Solo.Tests.Solo;

/// <summary>What only the single-process host promises.</summary>
public sealed class SoloHostTests
{
    [Fact]
    public void Hashes_of_grain_ids_are_the_ones_that_orleans_computes()
    {
        foreach (var (id, hash) in GrainIdHashes.Known)
        {
            Assert.Equal(hash, GrainId.Parse(id).GetUniformHashCode());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(100L * TimeSpan.TicksPerDay)]
    public void An_option_out_of_range_is_named_at_registration(long ticks)
    {
        var failure = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddSoloGrains(options => options.ResponseTimeout = new(ticks)));
        Assert.Contains("SoloOptions.ResponseTimeout", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_grain_class_without_a_grain_type_is_refused_at_registration()
    {
        var failure = Assert.Throws<OrleansException>(() => new ServiceCollection().AddSoloGrains(null, AssemblyWithAGrain(typeof(Grain), grainType: null)));
        Assert.Contains("needs [GrainType", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_grain_classes_of_one_type_name_are_refused_at_registration()
    {
        var failure = Assert.Throws<OrleansException>(() => new ServiceCollection().AddSoloGrains(
            null, AssemblyWithAGrain(typeof(Grain), "turns"), typeof(SoloHostTests).Assembly));
        Assert.Contains("the same [GrainType(\"turns\")]", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interface_of_several_grain_classes_needs_a_prefix()
    {
        await using var host = await GrainHost.StartAsync(new HostSettings());
        var failure = Assert.Throws<ArgumentException>(() => host.Grains.GetGrain<ITurnsGrain>("any"));
        Assert.Contains("2 grain classes implement", failure.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => host.Grains.GetGrain<ITurnsGrain>(GrainId.Create("unheard-of", "any")).Peek());
    }

    [Fact]
    public async Task A_call_before_the_start_or_after_the_stop_is_refused()
    {
        await using var services = new ServiceCollection().AddSoloGrains(null, typeof(SoloHostTests).Assembly).BuildServiceProvider();
        var grain = services.GetRequiredService<IGrainFactory>().GetGrain<INewsGrain>("any");
        await Assert.ThrowsAsync<OrleansMessageRejectionException>(() => grain.Tell(1));
        var host = services.GetRequiredService<SoloHost>();
        await host.StartAsync(default);
        await grain.Tell(1);
        await host.StopAsync(default);
        await Assert.ThrowsAsync<OrleansMessageRejectionException>(() => grain.Tell(1));
    }

    [Fact]
    public async Task No_call_is_lost_while_activations_come_and_go()
    {
        await using var host = await GrainHost.StartAsync(new HostSettings());
        await Task.WhenAll(Enumerable.Range(0, 16).Select(caller => Task.Run(async () =>
        {
            for (var call = 0; call < 200; call++)
            {
                var grain = host.Grains.GetGrain<ITallyGrain>($"churn{call % 3}");
                await (call % 7 == caller % 7 ? grain.Leave() : grain.Add(1));
            }
        })));
        var total = 0;
        for (var key = 0; key < 3; key++)
        {
            total += (await host.Grains.GetGrain<ITallyGrain>($"churn{key}").Read()).Value;
        }

        Assert.Equal(Enumerable.Range(0, 16).Sum(caller => Enumerable.Range(0, 200).Count(call => call % 7 != caller % 7)), total);
    }

    [Fact]
    public async Task Stopping_lets_calls_in_flight_finish_with_the_calls_they_make()
    {
        var settings = new HostSettings();
        var host = await GrainHost.StartAsync(settings);
        var grain = host.Grains.GetGrain<ITurnsGrain>("draining", typeof(TurnsGrain).FullName);
        var held = grain.Hold("drain");
        await settings.Probe.Marked("in:drain");
        var waiting = grain.Through("not-active-yet");
        var stopping = host.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<OrleansMessageRejectionException>(() => grain.Peek());
        Assert.False(stopping.IsCompleted);
        settings.Probe.Open("drain");
        await held;
        Assert.Equal("draining>not-active-yet", await waiting);
        await stopping;
    }

    [Fact]
    public async Task Stopping_ends_in_its_time_whatever_still_runs()
    {
        var settings = new HostSettings();
        await using var services = new ServiceCollection().AddSingleton(settings.Probe)
            .AddSoloGrains(options => options.StopTimeout = TimeSpan.FromMilliseconds(300), typeof(SoloHostTests).Assembly).BuildServiceProvider();
        var host = services.GetRequiredService<SoloHost>();
        await host.StartAsync(default);
        _ = host.GetGrain<ITurnsGrain>("stuck", typeof(TurnsGrain).FullName).Hold("stuck");
        await settings.Probe.Marked("in:stuck");
        await host.StopAsync(default).WaitAsync(TimeSpan.FromSeconds(10));
        settings.Probe.Open("stuck");
    }

    [Fact]
    public async Task A_grain_whose_store_is_not_registered_says_which()
    {
        await using var services = new ServiceCollection().AddSingleton(new Probe())
            .AddSoloGrains(null, typeof(SoloHostTests).Assembly).BuildServiceProvider();
        var host = services.GetRequiredService<SoloHost>();
        await host.StartAsync(default);
        var failure = await Assert.ThrowsAsync<OrleansException>(() => host.GetGrain<ITallyGrain>("any").Activation());
        Assert.Contains("'records'", failure.Message, StringComparison.Ordinal);
        var reminders = await Assert.ThrowsAsync<OrleansException>(
            () => host.GetGrain<IReminderGrain>("any").Register("tick", TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)));
        Assert.Contains("IReminderTable", reminders.Message, StringComparison.Ordinal);
        await host.StopAsync(default);
    }

    private static AssemblyBuilder AssemblyWithAGrain(Type above, string? grainType)
    {
        var assembly = AssemblyBuilder.DefineDynamicAssembly(new("Made"), AssemblyBuilderAccess.Run);
        var type = assembly.DefineDynamicModule("Made").DefineType("MadeGrain", TypeAttributes.Public, above, [typeof(IGrainWithStringKey)]);
        if (grainType is not null)
        {
            type.SetCustomAttribute(new(typeof(GrainTypeAttribute).GetConstructor([typeof(string)])!, [grainType]));
        }

        type.DefineDefaultConstructor(MethodAttributes.Public);
        type.CreateType();
        return assembly;
    }
}
