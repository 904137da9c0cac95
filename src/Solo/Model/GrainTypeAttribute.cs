using Orleans.Runtime;

namespace Orleans;

/// <summary>The stable name of a grain class: the part of a <see cref="GrainId"/> that survives a renamed class.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public sealed class GrainTypeAttribute(string grainType) : Attribute
{
    private readonly GrainType _grainType = GrainType.Create(grainType);

    public GrainType GetGrainType(IServiceProvider services, Type type) => _grainType;
}
