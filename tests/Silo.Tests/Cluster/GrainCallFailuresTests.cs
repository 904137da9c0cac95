using System.Reflection;
using MeshGrains.Grains;
using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.Messaging;
using Orleans.Serialization.Invocation;

namespace MeshGrains.Silo.Tests;

/// <summary>What the runtime throws at a caller of a grain becomes a refusal that says whether to try again.</summary>
public sealed class GrainCallFailuresTests
{
    public static TheoryData<Exception, string> RuntimeFailures => new()
    {
        { new TimeoutException("late"), "silo_timeout" },
        { new SiloUnavailableException("gone"), "silo_unavailable" },
        { new ConnectionFailedException("refused"), "silo_unavailable" },
        { new OrleansException("Current directory is not stable"), "silo_unavailable" },
    };

    [Theory]
    [MemberData(nameof(RuntimeFailures))]
    public async Task A_failure_of_the_runtime_asks_for_another_try(Exception failure, string reason)
    {
        var told = await Assert.ThrowsAsync<GrainOperationException>(() => new GrainCallFailures().Invoke(new FailingCall(failure, typeof(IDenialGrain))));

        Assert.Equal((RefusalCode.Unavailable, reason), (told.Code, told.Reason));
    }

    [Fact]
    public async Task A_full_queue_is_told_apart()
    {
        var told = await Assert.ThrowsAsync<GrainOperationException>(
            () => new GrainCallFailures().Invoke(new FailingCall(new LimitExceededException("full"), typeof(IDenialGrain))));

        Assert.Equal((RefusalCode.ResourceExhausted, "grain_busy"), (told.Code, told.Reason));
    }

    public static TheoryData<Exception, Type> OthersFailures => new()
    {
        { new InvalidOperationException("a mistake"), typeof(IDenialGrain) },
        { new OrleansException("a grain's own", new InvalidOperationException("a mistake")), typeof(IDenialGrain) },
        { new TimeoutException("late"), typeof(IManagementGrain) },
    };

    [Theory]
    [MemberData(nameof(OthersFailures))]
    public async Task A_failure_of_a_grains_own_and_the_runtimes_own_calls_stay_as_they_are(Exception failure, Type called)
        => Assert.Same(failure, await Assert.ThrowsAnyAsync<Exception>(() => new GrainCallFailures().Invoke(new FailingCall(failure, called))));

    private sealed class FailingCall(Exception failure, Type called) : IOutgoingGrainCallContext
    {
        public MethodInfo InterfaceMethod => called.GetMethods()[0];

        public Task Invoke() => Task.FromException(failure);

        public IInvokable Request => throw new NotSupportedException();

        public object Grain => throw new NotSupportedException();

        public GrainId? SourceId => null;

        public GrainId TargetId => throw new NotSupportedException();

        public GrainInterfaceType InterfaceType => throw new NotSupportedException();

        public string InterfaceName => throw new NotSupportedException();

        public string MethodName => throw new NotSupportedException();

        public object? Result { get; set; }

        public Response? Response { get; set; }

        public IGrainContext? SourceContext => null;
    }
}
