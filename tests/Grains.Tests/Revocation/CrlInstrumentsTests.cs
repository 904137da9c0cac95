using System.Diagnostics.Metrics;
using MeshGrains.Testing;

namespace MeshGrains.Grains.Tests;

public sealed class CrlInstrumentsTests
{
    [Fact]
    public void Lists_are_told_by_kind_the_oldest_and_the_first_to_end_and_nothing_where_there_are_none()
    {
        var clock = new FakeTimeProvider();
        using var instruments = new CrlInstruments(clock);
        Assert.Empty(Measured(instruments));

        var now = clock.GetUtcNow();
        instruments.Seen(
        [
            new CrlView("r", IsRoot: true, 1, now.AddHours(-1), now.AddDays(6), 1, []), new CrlView("i", IsRoot: false, 2, now.AddMinutes(-5), now.AddHours(2), 3, []),
            new CrlView("j", IsRoot: false, 3, now.AddHours(-3), now.AddHours(-1), 4, []),
        ]);
        Assert.Equal(
            [
                "meshgrains.crl.age issuing_ca 10800", "meshgrains.crl.age root 3600", "meshgrains.crl.entries issuing_ca 7", "meshgrains.crl.entries root 1",
                "meshgrains.crl.expiry issuing_ca -3600", "meshgrains.crl.expiry root 518400", "meshgrains.crl.lists issuing_ca 2", "meshgrains.crl.lists root 1",
            ],
            Measured(instruments));
    }

    /// <summary>Of these instruments alone: tests of other classes may have their own at the same time.</summary>
    private static List<string> Measured(CrlInstruments instruments)
    {
        var told = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instruments.Owns(instrument))
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => told.Add(FormattableString.Invariant($"{instrument.Name} {tags[0].Value} {value}")));
        listener.Start();
        listener.RecordObservableInstruments();
        told.Sort(StringComparer.Ordinal);
        return told;
    }
}
