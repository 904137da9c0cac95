using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>What all holders together were given, second by second, and what of it lives. Bounded: a few numbers for each second of a run.</summary>
internal sealed class HolderTally
{
    private const int MostSeconds = 4 * 3600;

    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly int[][] _perSecond = [.. Enum.GetValues<HolderCause>().Select(_ => new int[MostSeconds])];
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SortedDictionary<long, int>> _ends = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _refusals = new(StringComparer.Ordinal);
    private int? _firstOrder;
    private int _issued;
    private int _postponed;
    private int _invalid;

    public int Issued => Volatile.Read(ref _issued);

    /// <summary>Answers that said "later", and calls that did not come through: each was asked again.</summary>
    public int Postponed => Volatile.Read(ref _postponed);

    /// <summary>Of the certificates that were validated in full, those that were not good.</summary>
    public int Invalid => Volatile.Read(ref _invalid);

    public string? FirstInvalid { get; private set; }

    /// <summary>Of the run, from 0.</summary>
    public int Second => Math.Min(MostSeconds - 1, (int)Stopwatch.GetElapsedTime(_began).TotalSeconds);

    /// <summary>The second in which an order was first seen by any agent; null before.</summary>
    public int? FirstOrder
    {
        get
        {
            lock (_gate)
            {
                return _firstOrder;
            }
        }
    }

    /// <summary>Refusals that were no word of "later", by their reason; and certificates that ended before there was another.</summary>
    public IReadOnlyDictionary<string, int> Failures
    {
        get
        {
            lock (_gate)
            {
                return new Dictionary<string, int>(_refusals);
            }
        }
    }

    public void OrderSeen()
    {
        lock (_gate)
        {
            _firstOrder ??= Second;
        }
    }

    /// <summary>From now on an order is the first one again.</summary>
    public void ForgetOrder()
    {
        lock (_gate)
        {
            _firstOrder = null;
        }
    }

    public void Took(HolderCause cause, HeldCertificate certificate)
    {
        Interlocked.Increment(ref _issued);
        Interlocked.Increment(ref _perSecond[(int)cause][Second]);
        Own(certificate);
    }

    /// <summary>An agent's own: it lives as the others do, and is none of them.</summary>
    public void Own(HeldCertificate certificate)
    {
        lock (_gate)
        {
            if (!_ends.TryGetValue(certificate.Root, out var ends))
            {
                _ends[certificate.Root] = ends = [];
            }

            var end = certificate.NotAfter.ToUnixTimeSeconds();
            ends[end] = ends.GetValueOrDefault(end) + 1;
        }
    }

    public void Failed(string reason)
    {
        lock (_gate)
        {
            _refusals[reason] = _refusals.GetValueOrDefault(reason) + 1;
        }
    }

    public void Postpone(int count) => Interlocked.Add(ref _postponed, count);

    public void FoundInvalid(string why)
    {
        Interlocked.Increment(ref _invalid);
        FirstInvalid ??= why;
    }

    /// <summary>Certificates under this root that were received, whether replaced or not, and end after <paramref name="now"/>.</summary>
    public long LiveUnder(string root, DateTimeOffset now)
    {
        lock (_gate)
        {
            var second = now.ToUnixTimeSeconds();
            return _ends.TryGetValue(root, out var ends) ? ends.Where(end => end.Key > second).Sum(end => (long)end.Value) : 0;
        }
    }

    /// <summary>Certificates in each second of <paramref name="from"/> to <paramref name="to"/>, which is not included.</summary>
    public int[] PerSecond(HolderCause cause, int from, int to) => _perSecond[(int)cause][from..Math.Min(to, MostSeconds)];
}
