using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace MeshGrains.Grains;

/// <summary>
/// The meter <c>MeshGrains.Rotation</c>: what this silo last heard of the root's rotation. Labels are names of gates. What was heard too long ago is not
/// told any more, only how long ago.
/// </summary>
public sealed class RotationInstruments : IDisposable
{
    /// <summary>Many looks; a silo that hears nothing for so long has been cut off, and others tell.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    private readonly Meter _meter = new("MeshGrains.Rotation");
    private readonly TimeProvider _time;
    private volatile Heard? _heard;

    public RotationInstruments(TimeProvider time)
    {
        _time = time;
        _meter.CreateObservableGauge("meshgrains.rotation.look_age", LookAge, "s", "Time since this silo last heard how the root's rotation stands, also where none is under way.");
        _meter.CreateObservableGauge(
            "meshgrains.rotation.phase", Phase,
            description: "Phase of the root's rotation: 0 none under way, 1 prepare, 2 distribute, 3 activate, 4 drain, 5 retire.");
        _meter.CreateObservableGauge("meshgrains.rotation.phase_age", PhaseAge, "s", "Time since the present phase of the root's rotation began; nothing while none is under way.");
        _meter.CreateObservableGauge("meshgrains.rotation.paused", Paused, description: "1 while an operator holds the root's rotation, else 0.");
        _meter.CreateObservableGauge("meshgrains.rotation.gate_open", GateOpen, description: "1 for an open gate of the rotation's present phase, 0 for a shut one, by gate.");
        _meter.CreateObservableGauge("meshgrains.rotation.gate_waits", GateWaits, description: "How many a gate of the rotation's present phase waits for, by gate.");
    }

    public void Dispose() => _meter.Dispose();

    /// <summary>Takes what was heard just now.</summary>
    internal void Hear(RotationStatus status) => _heard = new Heard(status, _time.GetTimestamp());

    private RotationStatus? Known => _heard is { } heard && _time.GetElapsedTime(heard.At) < Fresh ? heard.Status : null;

    private RotationView? Running => Known?.Rotation is { IsRunning: true } rotation ? rotation : null;

    private IEnumerable<Measurement<double>> LookAge() => _heard is { } heard ? [new(_time.GetElapsedTime(heard.At).TotalSeconds)] : [];

    private IEnumerable<Measurement<int>> Phase() => Known is null ? [] : [new((int)(Running?.Phase ?? 0))];

    private IEnumerable<Measurement<double>> PhaseAge() => Running is { } rotation ? [new((_time.GetUtcNow() - rotation.PhaseSince).TotalSeconds)] : [];

    private IEnumerable<Measurement<int>> Paused() => Known is null ? [] : [new(Running is { Paused: true } ? 1 : 0)];

    private IEnumerable<Measurement<int>> GateOpen() => Gates().Select(gate => new Measurement<int>(gate.IsOpen ? 1 : 0, NameOf(gate)));

    private IEnumerable<Measurement<long>> GateWaits() => Gates().Select(gate => new Measurement<long>(gate.IsOpen ? 0 : gate.Waits, NameOf(gate)));

    private ImmutableArray<RotationGate> Gates() => Known is { Rotation.IsRunning: true } known ? known.Gates : [];

    private static KeyValuePair<string, object?> NameOf(RotationGate gate) => new("gate", gate.Name);

    private sealed record Heard(RotationStatus Status, long At);
}
