using MeshGrains.Silo;
using MeshGrains.Testing;

namespace MeshGrains.Infra.Tests;

/// <summary>Reads a configuration as <c>meshgrains check-config</c> does.</summary>
internal static class ProductConfiguration
{
    /// <summary>
    /// Fails unless every key and value is taken. Files that only the pod or container has may be missing here. The Solo host takes no cluster, so
    /// that there only keys and values of a silo's file are checked, not what they say together.
    /// </summary>
    public static void AssertAccepted(string yaml, IReadOnlyDictionary<string, string?> environment, bool isGateway)
    {
        using var folder = new TempDirectory();
        var configuration = ConfigurationLoader.Load(folder.Write("meshgrains.yaml", yaml), environment, []);
        if (!isGateway && GrainHost.Name != "Orleans")
        {
            return;
        }

        try
        {
            _ = isGateway ? GatewayApplication.Validate(configuration) : SiloApplication.Validate(configuration);
        }
        catch (ConfigurationException wrong)
        {
            Assert.All(wrong.Errors, error => Assert.Matches("does not exist|there is no file", error));
        }
    }
}
