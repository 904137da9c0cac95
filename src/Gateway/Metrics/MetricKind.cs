namespace MeshGrains.Gateway.Metrics;

/// <summary>The types of the Prometheus text format that are written.</summary>
internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}
