using System.Reflection;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Solo;

/// <summary>One grain class: its type name, how it may interleave and how an instance is made.</summary>
internal sealed class GrainClass
{
    private readonly (Type State, PersistentStateAttribute Record)[] _records;
    private readonly ObjectFactory _factory;

    public GrainClass(Type type)
    {
        Type = type;
        var named = type.GetCustomAttribute<GrainTypeAttribute>()
            ?? throw new OrleansException($"Grain class {type} needs [GrainType(\"…\")]: its name in stores must not change with the class's.");
        GrainType = named.GetGrainType(null!, type);
        IsReentrant = type.IsDefined(typeof(ReentrantAttribute));
        MaxWorkers = type.GetCustomAttribute<StatelessWorkerAttribute>()?.MaxWorkers ?? 1;

        var constructors = type.GetConstructors();
        var constructor = constructors.Length == 1
            ? constructors[0]
            : throw new OrleansException($"Grain class {type} needs exactly one public constructor, and has {constructors.Length}.");
        _records = [.. from parameter in constructor.GetParameters()
                       let record = parameter.GetCustomAttribute<PersistentStateAttribute>()
                       where record is not null
                       select (StateOf(parameter), record)];
        _factory = ActivatorUtilities.CreateFactory(type, [.. _records.Select(record => typeof(IPersistentState<>).MakeGenericType(record.State))]);
    }

    public Type Type { get; }

    public GrainType GrainType { get; }

    public bool IsReentrant { get; }

    public int MaxWorkers { get; }

    /// <summary>Makes an instance, and tells of the records that must be read before it is used.</summary>
    public object Create(Activation activation, ICollection<IPersistentRecord> records)
    {
        var arguments = new object[_records.Length];
        for (var index = 0; index < arguments.Length; index++)
        {
            var (state, record) = _records[index];
            var services = activation.ActivationServices;
            var store = string.IsNullOrEmpty(record.StorageName)
                ? services.GetService<IGrainStorage>()
                : services.GetKeyedService<IGrainStorage>(record.StorageName);
            arguments[index] = Activator.CreateInstance(
                typeof(PersistentState<>).MakeGenericType(state),
                record.StateName,
                activation.GrainId,
                store ?? throw new OrleansException($"No grain storage named '{record.StorageName}' is registered, which {GrainType} asks for."))!;
            records.Add((IPersistentRecord)arguments[index]);
        }

        try
        {
            return _factory(activation.ActivationServices, arguments);
        }
        catch (TargetInvocationException wrapped) when (wrapped.InnerException is not null)
        {
            ExceptionDispatchInfo.Throw(wrapped.InnerException);
            throw;
        }
    }

    private static Type StateOf(ParameterInfo parameter) =>
        parameter.ParameterType is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(IPersistentState<>)
            ? type.GetGenericArguments()[0]
            : throw new OrleansException($"Parameter {parameter.Name} of {parameter.Member.DeclaringType} bears [PersistentState] and must be an IPersistentState<T>.");
}
