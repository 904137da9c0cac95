using System.Diagnostics.Metrics;
using MeshGrains.Testing;

namespace MeshGrains.Grains.Tests;

public sealed class RotationInstrumentsTests
{
    private static readonly DateTimeOffset Since = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Phase_its_age_and_every_gate_are_told_while_a_rotation_is_under_way()
    {
        using var instruments = new RotationInstruments(_time);
        instruments.Hear(Status(RotationPhase.Distribute, _time.GetUtcNow()));
        _time.Advance(TimeSpan.FromMinutes(2));

        var told = Collect();

        Assert.Equal(2, told["meshgrains.rotation.phase"]);
        Assert.Equal(120, told["meshgrains.rotation.phase_age"]);
        Assert.Equal(120, told["meshgrains.rotation.look_age"]);
        Assert.Equal(1, told["meshgrains.rotation.paused"]);
        Assert.Equal((0, 3), (told["meshgrains.rotation.gate_open agents"], told["meshgrains.rotation.gate_waits agents"]));
        Assert.Equal((1, 0), (told["meshgrains.rotation.gate_open silos"], told["meshgrains.rotation.gate_waits silos"]));
    }

    [Fact]
    public void A_rotation_that_has_ended_leaves_the_phase_of_none()
    {
        using var instruments = new RotationInstruments(_time);
        Assert.Empty(Collect());

        instruments.Hear(Status(RotationPhase.Done, Since));

        Assert.Equal(
            [("meshgrains.rotation.look_age", 0), ("meshgrains.rotation.paused", 0), ("meshgrains.rotation.phase", 0)],
            Collect().Select(one => (one.Key, one.Value)).Order());
    }

    [Fact]
    public void What_was_heard_long_ago_is_told_no_more_but_how_long_ago()
    {
        using var instruments = new RotationInstruments(_time);
        instruments.Hear(Status(RotationPhase.Drain, Since));
        _time.Advance(TimeSpan.FromMinutes(11));

        Assert.Equal(("meshgrains.rotation.look_age", 660), Assert.Single(Collect().Select(one => (one.Key, one.Value))));
    }

    private static RotationStatus Status(RotationPhase phase, DateTimeOffset since) => new(
        new RotationView("r1", phase, "a", "b", since, since, 4, null, true, false, false, 0, false, [], null),
        [new(RotationGate.Agents, false, 3, [], "", null), new(RotationGate.Silos, true, 0, [], "", null)], null, null);

    /// <summary>What the meter tells now, by instrument and gate. Other tests' meters of the same name have been disposed of or are not of this class.</summary>
    private static Dictionary<string, double> Collect()
    {
        var told = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == "MeshGrains.Rotation")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Put(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Put(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Put(instrument, value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        return told;

        void Put(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            told[tags.IsEmpty ? instrument.Name : $"{instrument.Name} {tags[0].Value}"] = value;
    }
}
