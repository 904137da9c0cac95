using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>What one connection counts; used by one thread at a time.</summary>
internal sealed class LoadTally(LoadWindow window, int validateEvery)
{
    private readonly List<float> _milliseconds = new(1 << 15);
    private readonly List<UInt128> _serials = new(1 << 15);
    private readonly List<(int Request, byte[] Reply)> _samples = [];

    public IReadOnlyList<float> Milliseconds => _milliseconds;

    public IReadOnlyList<UInt128> Serials => _serials;

    /// <summary>Every hundredth reply, with the index of the request that it answers.</summary>
    public IReadOnlyList<(int Request, byte[] Reply)> Samples => _samples;

    public long Failed { get; private set; }

    public string? FirstFailure { get; private set; }

    public void Issued(int request, ReadOnlySpan<byte> reply, UInt128 serial, long started)
    {
        var now = Stopwatch.GetTimestamp();
        if (now >= window.Begin && now < window.End)
        {
            _milliseconds.Add((float)Stopwatch.GetElapsedTime(started, now).TotalMilliseconds);
        }

        if (_serials.Count % validateEvery == 0)
        {
            _samples.Add((request, reply.ToArray()));
        }

        _serials.Add(serial);
    }

    public void Refused(string why)
    {
        Failed++;
        FirstFailure ??= why;
    }
}
