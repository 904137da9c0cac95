namespace MeshGrains.Agent.Hosting;

/// <summary>A value of this moment for <c>/metrics</c>. <paramref name="Labels"/> as they stand between the braces.</summary>
internal sealed record Gauge(string Name, string Help, double Value, string Labels = "");
