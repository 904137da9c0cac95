namespace Orleans.Concurrency;

/// <summary>This call changes nothing and may interleave with other read-only calls.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReadOnlyAttribute : Attribute;
