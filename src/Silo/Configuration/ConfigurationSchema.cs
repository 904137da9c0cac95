using System.Globalization;
using System.Reflection;

namespace MeshGrains.Silo;

/// <summary>
/// The keys that a configuration may have, read off the options classes: camel-cased property names, lists by index. It checks keys (naming the
/// nearest one) and values, and turns durations into the form that binding reads.
/// </summary>
internal sealed partial class ConfigurationSchema
{
    private const string WholeNumber = "a whole number in range";

    private readonly Dictionary<string, (string Name, Node Node)> _root;

    private ConfigurationSchema(Dictionary<string, (string Name, Node Node)> root) => _root = root;

    /// <summary>The keys of the options class <typeparamref name="T"/>.</summary>
    public static ConfigurationSchema Of<T>() => new(MembersOf(typeof(T)));

    /// <summary>Every key with its type, lists shown as <c>[]</c>, in the order of declaration.</summary>
    public IEnumerable<(string Key, Type Type)> Leaves() => Leaves("", _root);

    /// <summary>Checks <paramref name="key"/> (parts joined by ':') and normalises its value; the error names the source and says what to do.</summary>
    public bool TryAccept(string key, string? value, string source, out string? normalised, out string? error)
    {
        normalised = value;
        var members = _root;
        Node? node = null;
        var path = "";
        foreach (var part in key.Split(':'))
        {
            if (node is { Element: { } element })
            {
                if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                {
                    error = $"{source}: {path} is a list; '{part}' is no index.";
                    return false;
                }

                path += $"[{part}]";
                node = element;
                members = node.Members;
                continue;
            }

            if (members is null || members.Count == 0)
            {
                error = $"{source}: {path} is a single value and has no '{part}' below it.";
                return false;
            }

            if (!members.TryGetValue(part, out var found))
            {
                var where = path.Length == 0 ? part : $"{path}.{part}";
                error = $"{source}: unknown key '{where}'. Did you mean '{Nearest(part, members.Values.Select(member => member.Name))}'?";
                return false;
            }

            path = path.Length == 0 ? found.Name : $"{path}.{found.Name}";
            node = found.Node;
            members = node.Members;
        }

        if (node is null || value is null || node.Leaf is null)
        {
            error = node?.Leaf is null && value is { Length: > 0 } ? $"{source}: {path} holds {(node?.Element is null ? "keys" : "a list")}, not '{value}'." : null;
            return error is null;
        }

        return TryNormalise(node.Leaf, path, value, source, out normalised, out error);
    }

    private static bool TryNormalise(Type type, string path, string value, string source, out string? normalised, out string? error)
    {
        normalised = value;
        error = null;
        var bare = Nullable.GetUnderlyingType(type) ?? type;
        if (value.Length == 0 && bare != type)
        {
            normalised = null;
            return true;
        }

        if (bare == typeof(TimeSpan))
        {
            if (!Durations.TryParse(value, out var duration))
            {
                error = $"{source}: {path} is '{value}'; give a time such as 30s, 5m, 1h30m or 7d.";
                return false;
            }

            normalised = duration.ToString("c", CultureInfo.InvariantCulture);
            return true;
        }

        var expected = bare switch
        {
            _ when bare == typeof(bool) => bool.TryParse(value, out _) ? null : "true or false",
            _ when bare == typeof(int) => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? null : WholeNumber,
            _ when bare == typeof(long) => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? null : WholeNumber,
            _ when bare == typeof(double) => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _) ? null : "a number",
            _ when bare.IsEnum => Enum.GetNames(bare).Contains(value, StringComparer.OrdinalIgnoreCase) ? null : $"one of {string.Join(", ", Enum.GetNames(bare))}",
            _ => null,
        };
        error = expected is null ? null : $"{source}: {path} is '{value}'; give {expected}.";
        return expected is null;
    }

    private static IEnumerable<(string Key, Type Type)> Leaves(string prefix, Dictionary<string, (string Name, Node Node)> members)
    {
        foreach (var (name, node) in members.Values)
        {
            foreach (var leaf in Leaves(prefix.Length == 0 ? name : $"{prefix}.{name}", node))
            {
                yield return leaf;
            }
        }
    }

    private static IEnumerable<(string Key, Type Type)> Leaves(string key, Node node) => node switch
    {
        { Leaf: { } type } => [(key, type)],
        { Element: { } element } => Leaves(key + "[]", element),
        _ => Leaves(key, node.Members!),
    };

    private static Dictionary<string, (string Name, Node Node)> MembersOf(Type type) => type
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.SetMethod?.IsPublic == true || ElementOf(property.PropertyType) is not null)
        .ToDictionary(
            property => property.Name,
            property => (char.ToLowerInvariant(property.Name[0]) + property.Name[1..], NodeOf(property.PropertyType)),
            StringComparer.OrdinalIgnoreCase);

    private static Node NodeOf(Type type)
    {
        if (ElementOf(type) is { } element)
        {
            return new Node(null, null, NodeOf(element));
        }

        var bare = Nullable.GetUnderlyingType(type) ?? type;
        return bare.IsPrimitive || bare.IsEnum || bare == typeof(string) || bare == typeof(TimeSpan)
            ? new Node(type, null, null)
            : new Node(null, MembersOf(bare), null);
    }

    private static Type? ElementOf(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IList<>) ? type.GetGenericArguments()[0] : null;

    private static string Nearest(string name, IEnumerable<string> known) =>
        known.MinBy(candidate => Distance(name.ToLowerInvariant(), candidate.ToLowerInvariant()))!;

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }

    private sealed record Node(Type? Leaf, Dictionary<string, (string Name, Node Node)>? Members, Node? Element);
}
