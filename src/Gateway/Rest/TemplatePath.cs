using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Rest;

/// <summary>What is certain about the IDs that a template can yield: the whole segments of its path before the first variable.</summary>
internal static class TemplatePath
{
    private const int MaxChars = 1024;

    /// <summary>The literal part, such as <c>/ns</c> of <c>spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}</c>; never empty, never reserved.</summary>
    /// <exception cref="RefusedException">The pattern is malformed, of another trust domain, or could reach the reserved path.</exception>
    public static string LiteralPrefix(string pattern, MeshScope scope)
    {
        if (pattern.Length > MaxChars)
        {
            throw RestCall.Invalid("pattern_malformed", $"'pattern' has {pattern.Length} characters; at most {MaxChars} are taken.");
        }

        if (!TemplatePattern.TryParse(pattern, scope.TrustDomain.Name, out _, out var error))
        {
            throw RestCall.Invalid("pattern_malformed", $"'pattern': {error}");
        }

        var path = pattern[pattern.IndexOf('/', SpiffeId.SchemePrefix.Length)..];
        var variable = path.IndexOf('{', StringComparison.Ordinal);
        return variable < 0 ? path : path[..(variable - 1)];
    }
}
