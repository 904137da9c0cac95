using System.Globalization;
using System.Text;

namespace MeshGrains.Gateway.Metrics;

/// <summary>Prometheus' text exposition format, version 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static void Append(StringBuilder text, MetricFamily family)
    {
        var series = family.All;
        if (series.Count == 0)
        {
            return;
        }

        Head(text, family.Name, family.Help, family.Kind);
        foreach (var one in series.OrderBy(one => one.Labels, StringComparer.Ordinal))
        {
            if (family.Kind == MetricKind.Histogram)
            {
                Histogram(text, family, one);
            }
            else
            {
                Sample(text, family.Name, one.Labels, one.Value);
            }
        }
    }

    public static void Head(StringBuilder text, string name, string help, MetricKind kind)
    {
        text.Append("# HELP ").Append(name).Append(' ');
        AppendEscaped(text, help, quotes: false);
        text.Append("\n# TYPE ").Append(name).Append(' ').Append(kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Histogram => "histogram",
            _ => "gauge",
        }).Append('\n');
    }

    public static void Sample(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    public static void AppendEscaped(StringBuilder text, string value, bool quotes)
    {
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '"' when quotes => text.Append("\\\""),
                _ => text.Append(c),
            };
        }
    }

    private static void Histogram(StringBuilder text, MetricFamily family, Series series)
    {
        var buckets = series.Buckets();
        var separator = series.Labels.Length == 0 ? "" : ",";
        long count = 0;
        for (var i = 0; i < buckets.Length; i++)
        {
            count += buckets[i];
            var bound = i < family.Bounds.Length ? Number(family.Bounds[i]) : "+Inf";
            Sample(text, family.Name + "_bucket", $"{series.Labels}{separator}le=\"{bound}\"", count);
        }

        Sample(text, family.Name + "_sum", series.Labels, series.Value);
        Sample(text, family.Name + "_count", series.Labels, count);
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}
