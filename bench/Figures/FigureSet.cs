using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MeshGrains.Bench;

/// <summary>Named figures in the order they were set: one flat JSON object for scripts, a table for people.</summary>
internal sealed class FigureSet
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<(string Key, JsonValue? Value, string Note)> _figures = [];
    private readonly List<(string Key, IReadOnlyList<(string Name, string Outcome)> Items)> _lists = [];

    /// <param name="key">Snake case; unique.</param>
    /// <param name="value">Null where the figure could not be measured.</param>
    /// <param name="digits">Decimal places that are told.</param>
    /// <param name="note">A word for people on what the value means or why it is missing.</param>
    public void Set(string key, double? value, int digits = 0, string note = "")
        => Add(key, value is { } number ? JsonValue.Create(digits == 0 ? Math.Round(number) : Math.Round(number, digits)) : null, note);

    public void Set(string key, long? value, string note = "") => Add(key, value is { } number ? JsonValue.Create(number) : null, note);

    public void Set(string key, string? value, string note = "") => Add(key, value is null ? null : JsonValue.Create(value), note);

    public void Set(string key, bool? value, string note = "") => Add(key, value is { } flag ? JsonValue.Create(flag) : null, note);

    /// <summary>Several of the same kind, each an object of its own in the JSON and a line of its own in the table.</summary>
    public void Set(string key, IReadOnlyList<(string Name, string Outcome)> items)
    {
        _figures.RemoveAll(figure => figure.Key == key);
        _lists.RemoveAll(list => list.Key == key);
        _lists.Add((key, items));
    }

    public string ToJson()
    {
        var flat = new JsonObject();
        foreach (var (key, value, _) in _figures)
        {
            flat[key] = value?.DeepClone();
        }

        foreach (var (key, items) in _lists)
        {
            flat[key] = new JsonArray([.. items.Select(item => new JsonObject { ["name"] = item.Name, ["outcome"] = item.Outcome })]);
        }

        return flat.ToJsonString(Indented);
    }

    public void Save(string? file)
    {
        if (file is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
            File.WriteAllText(file, ToJson() + "\n");
        }
    }

    public void Print(TextWriter output)
    {
        var width = _figures.Max(figure => figure.Key.Length);
        var texts = _figures.ConvertAll(figure => Text(figure.Value));
        var valueWidth = texts.Max(text => text.Length);
        for (var i = 0; i < _figures.Count; i++)
        {
            output.WriteLine($"{_figures[i].Key.PadRight(width)}  {texts[i].PadLeft(valueWidth)}  {_figures[i].Note}".TrimEnd());
        }

        foreach (var (key, items) in _lists)
        {
            output.WriteLine($"{key}: {items.Count}");
            foreach (var (name, outcome) in items)
            {
                output.WriteLine($"  {name}: {outcome}");
            }
        }
    }

    private void Add(string key, JsonValue? value, string note)
    {
        _figures.RemoveAll(figure => figure.Key == key);
        _figures.Add((key, value, note));
    }

    private static string Text(JsonValue? value) => value is null
        ? "-"
        : value.TryGetValue<double>(out var number) ? number.ToString("#,0.####", CultureInfo.InvariantCulture) : value.ToString();
}
