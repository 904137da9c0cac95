using System.Diagnostics.Metrics;
using System.Text;

namespace MeshGrains.Gateway.Metrics;

/// <summary>Turns an instrument's name and unit into Prometheus' form: <c>meshgrains.kms.duration</c> in <c>s</c> becomes <c>meshgrains_kms_duration_seconds</c>.</summary>
internal static class MetricName
{
    public static string Of(Instrument instrument, MetricKind kind)
    {
        var name = Sanitize(instrument.Name, allowColon: true);
        var unit = instrument.Unit switch
        {
            "s" => "seconds",
            "ms" => "milliseconds",
            "By" => "bytes",
            "1" when kind == MetricKind.Gauge => "ratio",
            _ => null,
        };
        if (unit is not null && !name.EndsWith("_" + unit, StringComparison.Ordinal))
        {
            name = $"{name}_{unit}";
        }

        return kind == MetricKind.Counter && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    /// <summary>A label's name: letters, digits and underscores, no digit first.</summary>
    public static string Label(string key) => Sanitize(key, allowColon: false);

    private static string Sanitize(string text, bool allowColon)
    {
        var name = new StringBuilder(text.Length + 1);
        foreach (var c in text)
        {
            name.Append(char.IsAsciiLetterOrDigit(c) || (allowColon && c == ':') ? c : '_');
        }

        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
        {
            name.Insert(0, '_');
        }

        return name.ToString();
    }
}
