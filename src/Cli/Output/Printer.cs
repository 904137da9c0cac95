using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace MeshGrains.Cli;

/// <summary>Answers a command's user: tables and facts for people, one JSON document for programs, failures on stderr.</summary>
internal sealed class Printer(TextWriter output, TextWriter error, OutputFormat format)
{
    // Lines are never folded: a terminal folds them without cutting what people copy.
    private const int Width = 4000;

    public bool IsJson => format == OutputFormat.Json;

    /// <summary>One fact a line, its name in a column; facts without a value are left out.</summary>
    public void Facts(params IReadOnlyList<(string Name, string? Value)> facts)
    {
        var shown = facts.Where(fact => !string.IsNullOrEmpty(fact.Value)).ToList();
        var width = shown.Count == 0 ? 0 : shown.Max(fact => fact.Name.Length);
        foreach (var (name, value) in shown)
        {
            output.WriteLine($"{name.PadRight(width)}  {Printable.Of(value)}");
        }
    }

    /// <summary>A table, or <paramref name="empty"/> when there are no rows.</summary>
    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string?>> rows, string empty)
    {
        var table = new Table().Border(TableBorder.None).AddColumns([.. columns.Select(column => new TableColumn(new Text(column.ToUpperInvariant())).NoWrap())]);
        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(Printable.Of(cell))));
        }

        if (table.Rows.Count == 0)
        {
            output.WriteLine(empty);
            return;
        }

        using var rendered = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(rendered),
        });
        console.Profile.Width = Width;
        console.Write(table);
        foreach (var line in rendered.ToString().TrimEnd().Split('\n'))
        {
            output.WriteLine(line.TrimEnd());
        }
    }

    public void Line(string text = "") => output.WriteLine(Printable.Of(text));

    /// <summary>Text as it is: PEM and JSON documents, a token.</summary>
    public void Raw(string text) => output.Write(text);

    /// <summary>A word beside the answer, for people only.</summary>
    public void Note(string text)
    {
        if (!IsJson)
        {
            error.WriteLine(Printable.Of(text));
        }
    }

    public void Json<T>(T value, JsonTypeInfo<T> type) => WriteJson(output, value, type);

    public void Fail(CliException failure)
    {
        if (IsJson)
        {
            WriteJson(error, failure.Problem ?? new ProblemDocument { Detail = failure.Message }, ApiJson.Default.ProblemDocument);
            return;
        }

        error.WriteLine($"meshctl: {Printable.Of(failure.Message)}");
    }

    private static void WriteJson<T>(TextWriter writer, T value, JsonTypeInfo<T> type)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            JsonSerializer.Serialize(json, value, type);
        }

        writer.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
