using System.Reflection;
using Orleans;

namespace MeshGrains.Grains.Tests;

/// <summary>A grain factory without a host: each call of a grain goes to a function by interface and method name.</summary>
public class StubGrains : DispatchProxy
{
    private Func<Type, string, object?[], object?> _answer = (_, _, _) => throw new InvalidOperationException("No answer is set.");
    private Type? _grain;

    /// <param name="answer">Given the interface, the method's name and its arguments; gives the task that the caller gets.</param>
    public static IGrainFactory Answering(Func<Type, string, object?[], object?> answer)
    {
        var factory = Create<IGrainFactory, StubGrains>();
        ((StubGrains)(object)factory)._answer = answer;
        return factory;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (_grain is not null)
        {
            return _answer(_grain, targetMethod!.Name, args ?? []);
        }

        if (targetMethod!.Name == nameof(IGrainFactory.CreateObjectReference))
        {
            return args![0];
        }

        var grain = DispatchProxy.Create(targetMethod.GetGenericArguments()[0], typeof(StubGrains));
        (((StubGrains)grain)._grain, ((StubGrains)grain)._answer) = (targetMethod.GetGenericArguments()[0], _answer);
        return grain;
    }
}
