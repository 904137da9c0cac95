using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Runtime;

namespace Orleans.Solo;

/// <summary>The grain classes of the given assemblies, by type name and by interface. Faults in them show when it is made.</summary>
internal sealed class GrainCatalog
{
    private readonly Dictionary<GrainType, GrainClass> _byType = [];
    private readonly ConcurrentDictionary<(Type Interface, string? Prefix), GrainClass> _byInterface = new();

    public GrainCatalog(IEnumerable<Assembly> assemblies)
    {
        foreach (var type in assemblies.Distinct().SelectMany(assembly => assembly.GetTypes()))
        {
            if (type is not { IsClass: true, IsAbstract: false } || !typeof(IGrain).IsAssignableFrom(type) || typeof(DispatchProxy).IsAssignableFrom(type))
            {
                continue;
            }

            var grain = new GrainClass(type);
            if (!_byType.TryAdd(grain.GrainType, grain))
            {
                throw new OrleansException($"Grain classes {type} and {_byType[grain.GrainType].Type} bear the same [GrainType(\"{grain.GrainType}\")].");
            }

            foreach (var method in type.GetInterfaces().Where(typeof(IAddressable).IsAssignableFrom).SelectMany(contract => contract.GetMethods()))
            {
                _ = method.IsGenericMethodDefinition ? null : GrainMethod.Of(method);
            }
        }
    }

    /// <exception cref="ArgumentException">No class of that name is known.</exception>
    public GrainClass Find(GrainType type) => _byType.GetValueOrDefault(type)
        ?? throw new ArgumentException($"No grain class bears [GrainType(\"{type}\")].");

    /// <exception cref="ArgumentException">None or several fit.</exception>
    public GrainClass Find(Type interfaceType, string? classNamePrefix) =>
        _byInterface.GetOrAdd((interfaceType, classNamePrefix), key =>
        {
            var fitting = _byType.Values
                .Where(grain => key.Interface.IsAssignableFrom(grain.Type))
                .Where(grain => string.IsNullOrEmpty(key.Prefix) || grain.Type.FullName!.StartsWith(key.Prefix, StringComparison.Ordinal))
                .ToList();
            return fitting.Count == 1
                ? fitting[0]
                : throw new ArgumentException(
                    $"{fitting.Count} grain classes implement {key.Interface}{(key.Prefix is null ? "" : $" with the prefix '{key.Prefix}'")}: {string.Join(", ", fitting.Select(grain => grain.Type))}.");
        });
}
