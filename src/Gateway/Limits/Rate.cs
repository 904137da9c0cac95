namespace MeshGrains.Gateway;

/// <summary>A rate of a token bucket: so many at once, so many a second in the long run.</summary>
internal readonly record struct Rate(double Burst, double PerSecond);
