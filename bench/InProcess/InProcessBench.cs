using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>CSR DER in, SVID DER out, proof verified, on every core.</summary>
internal sealed class InProcessBench(byte[][] requests, TimeSpan duration) : IDisposable
{
    private readonly InProcessIssuer _issuer = new();
    private readonly List<double> _rates = [];

    /// <summary>Issuances a second over all cores, the median of all runs.</summary>
    public double PerSecond => Statistics.Median(_rates);

    /// <summary>Managed bytes allocated for one issuance, of the last run.</summary>
    public double AllocatedBytes { get; private set; }

    public void Run()
    {
        var workers = new Worker[Environment.ProcessorCount];
        using var start = new Barrier(workers.Length);
        for (var i = 0; i < workers.Length; i++)
        {
            workers[i] = new Worker(_issuer, requests, i * requests.Length / workers.Length, duration, start);
        }

        var threads = Array.ConvertAll(workers, worker => new Thread(worker.Run));
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        _rates.Add(workers.Sum(worker => worker.Issued / worker.Elapsed.TotalSeconds));
        AllocatedBytes = workers.Sum(worker => worker.AllocatedBytes) / (double)workers.Sum(worker => worker.Issued);
        Progress.Say($"in-process: {_rates[^1]:0}/s, {AllocatedBytes:0} bytes allocated each");
    }

    /// <summary>Forgets the runs so far: they warmed up.</summary>
    public void Restart() => _rates.Clear();

    public void Dispose() => _issuer.Dispose();

    private sealed class Worker(InProcessIssuer issuer, byte[][] requests, int offset, TimeSpan duration, Barrier start)
    {
        private const int BetweenLooksAtTheClock = 64;

        public long Issued { get; private set; }

        public long AllocatedBytes { get; private set; }

        public TimeSpan Elapsed { get; private set; }

        public void Run()
        {
            var next = offset;
            start.SignalAndWait();
            var allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            do
            {
                for (var i = 0; i < BetweenLooksAtTheClock; i++)
                {
                    issuer.Issue(requests[next]);
                    next = next + 1 == requests.Length ? 0 : next + 1;
                }

                Issued += BetweenLooksAtTheClock;
            }
            while (clock.Elapsed < duration);
            Elapsed = clock.Elapsed;
            AllocatedBytes = GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
        }
    }
}
