namespace Orleans;

/// <summary>Marks a message or state type for Orleans' serializer. Inert here: nothing leaves the process.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute
{
    public bool IncludePrimaryConstructorParameters { get; init; }
}
