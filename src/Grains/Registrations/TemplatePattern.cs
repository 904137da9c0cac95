using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>
/// A SPIFFE ID pattern such as <c>spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}</c>. A variable stands for exactly one whole path segment,
/// so that no attested value can reach another identity.
/// </summary>
public sealed class TemplatePattern
{
    private static readonly string[] Variables = ["k8s.ns", "k8s.sa", "k8s.pod-name", "k8s.node-name", "cluster"];

    private readonly string[] _segments;

    private TemplatePattern(string text, string[] segments)
    {
        Text = text;
        _segments = segments;
    }

    public string Text { get; }

    /// <summary>Reads a pattern for <paramref name="trustDomain"/>; the error says what is allowed.</summary>
    public static bool TryParse(string? text, string trustDomain, out TemplatePattern? pattern, out string? error)
    {
        pattern = null;
        const string variableHead = "spiffe://{trustDomain}/";
        var literalHead = $"spiffe://{trustDomain}/";
        var head = text is null ? null
            : text.StartsWith(variableHead, StringComparison.Ordinal) ? variableHead
            : text.StartsWith(literalHead, StringComparison.Ordinal) ? literalHead
            : null;
        if (head is null || text is null)
        {
            error = $"A pattern starts with '{variableHead}' or '{literalHead}'.";
            return false;
        }

        var segments = text[head.Length..].Split('/');
        foreach (var segment in segments)
        {
            var variable = VariableOf(segment);
            if (variable is not null ? !Variables.Contains(variable) : segment.Contains('{', StringComparison.Ordinal) || segment.Contains('}', StringComparison.Ordinal))
            {
                error = $"'{segment}' is not allowed: a variable is a whole path segment, one of {string.Join(", ", Variables.Select(v => $"{{{v}}}"))}.";
                return false;
            }
        }

        var sample = "/" + string.Join('/', segments.Select(segment => VariableOf(segment) is null ? segment : "x"));
        if (!SpiffeId.TryParse($"spiffe://{trustDomain}{sample}", out _, out error))
        {
            return false;
        }

        if (VariableOf(segments[0]) is not null || EntryRules.IsReserved("/" + segments[0]))
        {
            error = $"The first segment must be a fixed word and not '{EntryRules.ReservedPrefix[1..]}', which names the control plane itself.";
            return false;
        }

        if (segments.All(segment => VariableOf(segment) is null or "cluster"))
        {
            error = "A pattern without an attested variable gives every caller one identity; make an entry instead.";
            return false;
        }

        pattern = new TemplatePattern(text, segments);
        return true;
    }

    /// <summary>The identity that this pattern gives a caller; null when a fact is missing or is no legal path segment.</summary>
    public SpiffeId? Expand(string trustDomain, string cluster, AuthenticatedCaller caller)
    {
        var path = new StringBuilder();
        foreach (var segment in _segments)
        {
            var value = VariableOf(segment) switch
            {
                null => segment,
                "cluster" => cluster,
                { } variable => caller.Fact("k8s", variable["k8s.".Length..]),
            };
            if (string.IsNullOrEmpty(value) || value.Contains('/', StringComparison.Ordinal))
            {
                return null;
            }

            path.Append('/').Append(value);
        }

        return SpiffeId.TryParse($"spiffe://{trustDomain}{path}", out var id, out _) ? id : null;
    }

    /// <summary>Whether this pattern could have given the identity to somebody: what a renewal asks after the template was replaced.</summary>
    public bool Gives(SpiffeId id, string cluster)
    {
        ArgumentNullException.ThrowIfNull(id);
        var segments = id.Path.Split('/');
        return segments.Length == _segments.Length + 1 && segments.Skip(1).Zip(_segments).All(pair => VariableOf(pair.Second) switch
        {
            null => pair.First == pair.Second,
            "cluster" => pair.First == cluster,
            _ => true,
        });
    }

    private static string? VariableOf(string segment) =>
        segment.Length > 2 && segment[0] == '{' && segment[^1] == '}' ? segment[1..^1] : null;
}
