using System.Globalization;
using System.Text;

namespace MeshGrains.Cli;

/// <summary>Draws boxes of text and lines between them. Everything that is written is escaped; there are no scripts, styles or links in it.</summary>
internal sealed class SvgCanvas
{
    public const int LineHeight = 18;
    public const int BoxWidth = 330;
    private const int Padding = 10;

    /// <summary>What fits into a box at this font; the whole text is the box's title.</summary>
    private const int MaxChars = 47;

    private readonly StringBuilder _lines = new();
    private readonly StringBuilder _boxes = new();
    private int _right;
    private int _bottom;

    public static int HeightOf(int lines) => (lines * LineHeight) + Padding;

    /// <summary>A box at <paramref name="x"/>, <paramref name="y"/>; its first line is bold. Returns its lower edge.</summary>
    public int Box(int x, int y, string colour, IReadOnlyList<string> lines)
    {
        var height = HeightOf(lines.Count);
        _boxes.Append(CultureInfo.InvariantCulture, $"<g><title>{Escape(string.Join("\n", lines))}</title>")
            .Append(CultureInfo.InvariantCulture, $"<rect x=\"{x}\" y=\"{y}\" width=\"{BoxWidth}\" height=\"{height}\" rx=\"6\" fill=\"#ffffff\" stroke=\"{colour}\" stroke-width=\"2\"/>");
        for (var at = 0; at < lines.Count; at++)
        {
            var alarming = lines[at].Contains("ENDED", StringComparison.Ordinal) || lines[at].Contains("BEHIND", StringComparison.Ordinal)
                || lines[at].Contains("NEVER", StringComparison.Ordinal) || lines[at].StartsWith("PROBLEM", StringComparison.Ordinal);
            Text(_boxes, x + Padding, y + ((at + 1) * LineHeight), lines[at], at == 0, alarming ? "#b00020" : "#1a1a1a");
        }

        _boxes.Append("</g>\n");
        (_right, _bottom) = (Math.Max(_right, x + BoxWidth), Math.Max(_bottom, y + height));
        return y + height;
    }

    /// <summary>A line from a box's right edge to another's left edge.</summary>
    public void Link(int fromX, int fromY, int toX, int toY, bool dashed = false)
    {
        var middle = (fromX + toX) / 2;
        _lines.Append(
            CultureInfo.InvariantCulture,
            $"<path d=\"M{fromX} {fromY} C{middle} {fromY} {middle} {toY} {toX} {toY}\" fill=\"none\" stroke=\"#808080\" stroke-width=\"1.5\"{(dashed ? " stroke-dasharray=\"6 4\"" : "")}/>\n");
    }

    /// <summary>A line of text by itself.</summary>
    public void Caption(int x, int y, string text)
    {
        Text(_boxes, x, y, text, bold: true, "#1a1a1a", cut: false);
        _boxes.Append('\n');
        _bottom = Math.Max(_bottom, y);
    }

    public string Render(string title) => string.Create(
        CultureInfo.InvariantCulture,
        $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {_right + 20} {_bottom + 20}\" width=\"{_right + 20}\" height=\"{_bottom + 20}\" font-family=\"sans-serif\" font-size=\"13\">\n<title>{Escape(title)}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#f7f7f7\"/>\n{_lines}{_boxes}</svg>\n");

    private static void Text(StringBuilder to, int x, int y, string text, bool bold, string colour, bool cut = true)
    {
        var shown = cut && text.Length > MaxChars ? string.Concat(text.AsSpan(0, MaxChars - 1), "…") : text;
        to.Append(CultureInfo.InvariantCulture, $"<text x=\"{x}\" y=\"{y}\" fill=\"{colour}\"{(bold ? " font-weight=\"bold\"" : "")}>{Escape(shown)}</text>");
    }

    /// <summary>Text of others in XML: what XML forbids, and what turns or hides text, is a question mark.</summary>
    private static string Escape(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in string.Join('\n', text.Split('\n').Select(Printable.Of)).EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => clean.Append("&amp;"),
                '<' => clean.Append("&lt;"),
                '>' => clean.Append("&gt;"),
                '"' => clean.Append("&quot;"),
                '\'' => clean.Append("&#39;"),
                0xFFFE or 0xFFFF => clean.Append('?'),
                _ => clean.Append(rune.ToString()),
            };
        }

        return clean.ToString();
    }
}
