using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using MeshGrains.Rpc.Envoy.Core;

namespace MeshGrains.Agent.Sds;

/// <summary>What a proxy's node tells of how it wants its validation contexts. Only the first request of a stream has to carry it.</summary>
internal static class NodeTraits
{
    private const string DisableKey = "disable_spiffe_cert_validation";

    /// <summary>False for an Envoy before 1.18, which knows no SPIFFE validator, and for one whose metadata says no.</summary>
    public static bool TakesSpiffeValidator(Node? node)
    {
        if (node is null)
        {
            return true;
        }

        if (node.Metadata?.Fields.TryGetValue(DisableKey, out var disabled) == true
            && (disabled is { KindCase: Value.KindOneofCase.BoolValue, BoolValue: true }
                || (disabled.KindCase == Value.KindOneofCase.StringValue && string.Equals(disabled.StringValue, "true", StringComparison.OrdinalIgnoreCase))))
        {
            return false;
        }

        return Version(node) is not { } version || version.Major > 1 || (version.Major == 1 && version.Minor >= 18);
    }

    private static (int Major, int Minor)? Version(Node node)
    {
        if (node.UserAgentBuildVersion?.Version is { } built)
        {
            return ((int)built.MajorNumber, (int)built.MinorNumber);
        }

        var parts = node.UserAgentVersion.Split('.');
        return node.UserAgentName == "envoy" && parts.Length >= 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor) ? (major, minor) : null;
    }
}
