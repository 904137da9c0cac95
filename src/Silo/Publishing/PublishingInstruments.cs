using System.Diagnostics.Metrics;

namespace MeshGrains.Silo;

/// <summary>Gauges of the outputs, labelled by their configured names.</summary>
internal sealed class PublishingInstruments
{
    public const string MeterName = "MeshGrains.Publishing";

    public PublishingInstruments(IMeterFactory meters, BundlePublisher publisher)
    {
        var meter = meters.Create(MeterName);
        meter.CreateObservableGauge(
            "meshgrains.published.bundle_number", () => publisher.Outputs.Select(output => new Measurement<long>(output.Shown.Number, Of(output))),
            description: "The number of the trust bundle that lies at an output; 0 before the first.");
        meter.CreateObservableGauge(
            "meshgrains.published.lag", () => publisher.Outputs.Select(output => new Measurement<double>(publisher.LagOf(output).TotalSeconds, Of(output))), "s",
            "How long the newest trust bundle has been waiting for an output; 0 when it lies there.");
        meter.CreateObservableCounter(
            "meshgrains.published.failures", () => publisher.Outputs.Select(output => new Measurement<long>(output.Failures, Of(output))),
            description: "Attempts to put the trust bundle into an output that failed.");
    }

    private static KeyValuePair<string, object?> Of(BundleOutput output) => new("target", output.Target.Name);
}
