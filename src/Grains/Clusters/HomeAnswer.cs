namespace MeshGrains.Grains;

/// <summary>What the home answered, and the trust domain's record after it.</summary>
public sealed record HomeAnswer<T>(T Value, byte[] Record);
