using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>Which part of a trust domain a member cluster issues in.</summary>
internal static class ClusterPaths
{
    public static bool IsName(string? text) =>
        text is { Length: >= 1 and <= 63 } && text is not "." and not ".." && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>
    /// Whether an identity of this path may be issued. Below the reserved prefix a member has its nodes' agents and nothing else: whoever administers is named by
    /// the home.
    /// </summary>
    public static bool Allows(IEnumerable<string> paths, string path) => EntryRules.IsReserved(path)
        ? path.StartsWith(AgentNames.Prefix, StringComparison.Ordinal)
        : paths.Any(allowed => IsUnder(path, allowed));

    /// <summary>Whether every one of these paths lies under one that is allowed.</summary>
    public static bool Holds(IEnumerable<string> allowed, IEnumerable<string> wanted) => wanted.All(path => allowed.Any(one => IsUnder(path, one)));

    /// <returns>What is wrong with a configured path; null when nothing is.</returns>
    public static string? Check(string key, string path)
    {
        if (path.Length < 2 || !SpiffeId.TryParse($"spiffe://example.org{path}", out var id, out _) || id.Path != path)
        {
            return $"{key}: '{path}' is no path; write one such as /ns/eu, with a slash before and none after.";
        }

        return EntryRules.IsReserved(path) ? $"{key}: '{path}' names the control plane itself, which no member issues for." : null;
    }

    private static bool IsUnder(string path, string prefix) =>
        path.StartsWith(prefix, StringComparison.Ordinal) && (path.Length == prefix.Length || path[prefix.Length] == '/');
}
