namespace Orleans.Concurrency;

/// <summary>This call starts at once, whatever else the activation is doing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute;
