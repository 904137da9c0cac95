using MeshGrains.Faults;

/// <summary>
/// Found by the runtime through <c>DOTNET_STARTUP_HOOKS={path of MeshGrains.Faults.dll}</c> and run before Main. See <see cref="FaultPlan"/>.
/// </summary>
#pragma warning disable CA1050 // The runtime looks for the type without a namespace.
internal static class StartupHook
{
    public static void Initialize() => FaultPlan.FromEnvironment().Start();
}
#pragma warning restore CA1050
