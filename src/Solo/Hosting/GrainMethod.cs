using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Concurrency;

namespace Orleans.Solo;

/// <summary>One method of a grain or observer interface: how it is called, and how its calls may interleave.</summary>
internal sealed class GrainMethod
{
    private static readonly ConcurrentDictionary<MethodInfo, GrainMethod> Known = new();
    private readonly MethodInvoker _invoker;
    private readonly Func<GrainMethod, object?[], Request> _newRequest;

    private GrainMethod(MethodInfo method)
    {
        var returns = method.ReturnType;
        var definition = returns.IsGenericType ? returns.GetGenericTypeDefinition() : returns;
        var hasResult = definition == typeof(Task<>) || definition == typeof(ValueTask<>);
        if (!hasResult && returns != typeof(Task) && returns != typeof(ValueTask) && returns != typeof(void))
        {
            throw new NotSupportedException(
                $"{method.DeclaringType}.{method.Name} returns {returns}; a grain call returns Task, Task<T>, ValueTask or ValueTask<T>.");
        }

        if (hasResult && method.IsDefined(typeof(OneWayAttribute)))
        {
            throw new NotSupportedException($"{method.DeclaringType}.{method.Name} is one-way and cannot have a result.");
        }

        Name = $"{method.DeclaringType!.Name}.{method.Name}";
        IsOneWay = returns == typeof(void) || method.IsDefined(typeof(OneWayAttribute));
        IsReadOnly = method.IsDefined(typeof(ReadOnlyAttribute));
        AlwaysInterleaves = method.IsDefined(typeof(AlwaysInterleaveAttribute));
        ReturnsVoid = returns == typeof(void);
        ReturnsValueTask = definition == typeof(ValueTask) || definition == typeof(ValueTask<>);
        TokenIndex = Array.FindIndex(method.GetParameters(), parameter => parameter.ParameterType == typeof(CancellationToken));
        _invoker = MethodInvoker.Create(method);
        var result = hasResult ? returns.GetGenericArguments()[0] : typeof(Nothing);
        _newRequest = typeof(Request<>).MakeGenericType(result)
            .GetMethod(nameof(Request<>.Create))!.CreateDelegate<Func<GrainMethod, object?[], Request>>();
    }

    public string Name { get; }

    public bool IsOneWay { get; }

    public bool IsReadOnly { get; }

    public bool AlwaysInterleaves { get; }

    public bool ReturnsVoid { get; }

    public bool ReturnsValueTask { get; }

    /// <summary>Which argument is the cancellation token; negative for none.</summary>
    public int TokenIndex { get; }

    public static GrainMethod Of(MethodInfo method) => Known.GetOrAdd(method, static method => new(method));

    public Request NewRequest(object?[] arguments) => _newRequest(this, arguments);

    public object? Invoke(object target, object?[] arguments) => _invoker.Invoke(target, arguments.AsSpan());
}
