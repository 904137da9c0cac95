namespace Orleans.Concurrency;

/// <summary>The caller does not wait for this call and never learns of its failure.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OneWayAttribute : Attribute;
