using System.Diagnostics.CodeAnalysis;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>Keys of the relationship grains.</summary>
public static class FederationKeys
{
    public static string Of(string trustDomain, string foreign) => $"{trustDomain}/{foreign}";

    /// <summary>Reads the foreign trust domain out of a key of ours.</summary>
    internal static bool TryRead(string key, string trustDomain, [NotNullWhen(true)] out TrustDomain? foreign)
    {
        foreign = null;
        return key.StartsWith(trustDomain + "/", StringComparison.Ordinal) && TrustDomain.TryParse(key[(trustDomain.Length + 1)..], out foreign, out _);
    }
}
