namespace MeshGrains.LocalCluster;

/// <summary>A Redis that a cluster uses.</summary>
/// <param name="Address"><c>host:port</c>, several separated by commas.</param>
/// <param name="User">Empty: the default user.</param>
/// <param name="PasswordFile">Empty: no password.</param>
public sealed record RedisAddress(string Address, string User, string PasswordFile);
