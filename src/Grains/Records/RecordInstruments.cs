using System.Diagnostics.Metrics;

namespace MeshGrains.Grains;

/// <summary>The meter <c>MeshGrains.Records</c>. Whatever it counts is an alarm, so that it carries neither a label nor a record's name.</summary>
internal static class RecordInstruments
{
    private static readonly Meter Meter = new("MeshGrains.Records");
    private static long _refused;

    // Observed, so that it stands at zero before the first: an increase is seen only of what was there.
    static RecordInstruments() => Meter.CreateObservableCounter(
        "meshgrains.records.refused", () => Interlocked.Read(ref _refused), "{refusal}",
        "Stored records that were refused because they do not authenticate, went back in time or are gone.");

    /// <summary>Makes it tell its zero.</summary>
    public static void Begin()
    {
        // The static constructor does it.
    }

    public static void Refused() => Interlocked.Increment(ref _refused);
}
