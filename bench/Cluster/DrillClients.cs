using System.Diagnostics;
using System.Security.Authentication;

namespace MeshGrains.Bench;

/// <summary>
/// Clients that ask for certificates all the time, each with a few attempts for each certificate, and keep what they received and when. A certificate counts as
/// received when its bytes are there, whatever came after them.
/// </summary>
internal sealed class DrillClients : IAsyncDisposable
{
    private const int ValidateEvery = 100;
    private const int MaxSamples = 2000;

    /// <summary>Clients that are refused at once would take the processor from the servers that come back.</summary>
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(100);
    private static readonly byte[][] Csrs = CertificateRequests.Make(500);
    private static readonly byte[][] Bodies = Array.ConvertAll(Csrs, IstioMessages.Request);

    private readonly Func<GrpcTarget> _target;
    private readonly Action<int, byte[]>? _taken;
    private readonly ClientRules _rules;
    private readonly byte[][] _tokens;
    private readonly byte[][] _bodies;
    private readonly GapMeter[] _gaps;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<ReceivedCertificate> _received = [];
    private readonly List<(int Request, byte[] Reply)> _samples = [];
    private readonly List<(long At, string Why)> _failures = [];
    private readonly Task _running;
    private int _attempts;

    /// <param name="cluster">Whose tokens they show.</param>
    /// <param name="target">Where they call.</param>
    /// <param name="rules">How they ask.</param>
    /// <param name="firstAccount">The service account of the first client; every client has one of its own.</param>
    /// <param name="sameAccount">All of them are that one account.</param>
    public DrillClients(TestCluster cluster, GrpcTarget target, ClientRules rules, int firstAccount = 0, bool sameAccount = false)
        : this(cluster, () => target, rules, firstAccount, sameAccount)
    {
    }

    /// <param name="cluster">Whose tokens they show.</param>
    /// <param name="target">Asked before each new connection: where they call, and what they trust then.</param>
    /// <param name="rules">How they ask.</param>
    /// <param name="firstAccount">The service account of the first client; every client has one of its own.</param>
    /// <param name="sameAccount">All of them are that one account.</param>
    /// <param name="taken">Is given every reply that holds a certificate, with its request's number, from many threads.</param>
    public DrillClients(
        TestCluster cluster, Func<GrpcTarget> target, ClientRules rules, int firstAccount = 0, bool sameAccount = false, Action<int, byte[]>? taken = null)
    {
        (_target, _rules, _taken) = (target, rules, taken);
        _bodies = Bodies;
        _tokens = [.. Enumerable.Range(0, rules.Clients).Select(client => Hpack.Bearer(cluster.Token(sameAccount ? firstAccount : firstAccount + client)))];
        Began = Stopwatch.GetTimestamp();
        _gaps = [.. _tokens.Select(_ => new GapMeter(Began))];
        _running = Task.WhenAll(Enumerable.Range(0, rules.Clients).Select(client => Task.Run(() => AskAsync(client))));
    }

    /// <summary>Moments are ticks of <see cref="Stopwatch"/>.</summary>
    public long Began { get; }

    public int Issued
    {
        get
        {
            lock (_gate)
            {
                return _received.Count;
            }
        }
    }

    /// <summary>Calls made, retries included.</summary>
    public int Attempts => Volatile.Read(ref _attempts);

    public ReceivedCertificate[] Received()
    {
        lock (_gate)
        {
            return [.. _received];
        }
    }

    /// <summary>Certificates that a client did not get within its attempts and its patience, and the last answer to each.</summary>
    public (long At, string Why)[] Failures()
    {
        lock (_gate)
        {
            return [.. _failures];
        }
    }

    /// <summary>The longest gap of any one client that touches this time.</summary>
    public TimeSpan LongestGap(long from, long to) => _gaps.Max(gap => gap.Longest(from, to));

    /// <summary>Waits until every client has been given a certificate that it asked for after this moment.</summary>
    /// <exception cref="TimeoutException">One was not.</exception>
    public async Task UntilAllIssuedAsync(long after, TimeSpan patience, CancellationToken cancellationToken)
    {
        for (var clock = Stopwatch.StartNew(); ; )
        {
            int served;
            lock (_gate)
            {
                served = _received.AsEnumerable().Reverse().TakeWhile(one => one.At > after).Where(one => one.Asked > after).Select(one => one.Client).Distinct().Count();
            }

            if (served == _rules.Clients)
            {
                return;
            }

            if (clock.Elapsed > patience)
            {
                throw new TimeoutException($"After {patience.TotalSeconds:0} s only {served} of {_rules.Clients} clients get certificates; the last failure: {Failures().LastOrDefault().Why}");
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    /// <summary>Ends the asking; what is under way ends first.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    /// <summary>How many of the sampled certificates are not good, and what is wrong with the first.</summary>
    public (int Checked, int Invalid, string? Why) Validate(string bundlePem)
    {
        (int Request, byte[] Reply)[] samples;
        lock (_gate)
        {
            samples = [.. _samples];
        }

        var check = new SvidCheck(SiloSetup.TrustDomain, bundlePem);
        string[] wrong = [.. samples.Select(sample => check.Check(Csrs[sample.Request], sample.Reply)).OfType<string>()];
        return (samples.Length, wrong.Length, wrong.FirstOrDefault());
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task AskAsync(int client)
    {
        await using var caller = new DrillCaller(_target);
        for (var next = client * 31; !_stop.IsCancellationRequested; next++)
        {
            var request = next % _bodies.Length;
            var served = await AskForOneAsync(caller, client, new Call(_tokens[client], _bodies[request], request));
            var pause = served ? _rules.Pause : AfterFailure;
            if (pause > TimeSpan.Zero)
            {
                await Pausing.ForAsync(pause, _stop.Token);
            }
        }
    }

    /// <summary>False when it was not got.</summary>
    private async Task<bool> AskForOneAsync(DrillCaller caller, int client, Call call)
    {
        var began = Stopwatch.GetTimestamp();
        var why = "";
        for (var attempt = 1; attempt <= _rules.Attempts; attempt++)
        {
            await Task.Delay(ClientRules.WaitBefore(attempt, Random.Shared.NextDouble()));
            var left = _rules.Patience - Stopwatch.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                break;
            }

            Interlocked.Increment(ref _attempts);
            var asked = Stopwatch.GetTimestamp();
            var (status, message, reply) = await caller.AskAsync(call, left);
            if (reply.Length > 0)
            {
                _taken?.Invoke(call.Tag, reply);
                Keep(new ReceivedCertificate(CertificateReply.Serial(reply), client, asked, Stopwatch.GetTimestamp()), call.Tag, reply);
            }

            if (status == CallOutcome.Ok && reply.Length > 0)
            {
                _gaps[client].Succeeded(Stopwatch.GetTimestamp());
                return true;
            }

            why = $"attempt {attempt}: status {status} {Uri.UnescapeDataString(message)}";
            if (!ClientRules.MayRetry(status))
            {
                break;
            }
        }

        lock (_gate)
        {
            _failures.Add((Stopwatch.GetTimestamp(), why));
        }

        return false;
    }

    private void Keep(in ReceivedCertificate certificate, int request, byte[] reply)
    {
        lock (_gate)
        {
            if (_received.Count % ValidateEvery == 0 && _samples.Count < MaxSamples)
            {
                _samples.Add((request, reply));
            }

            _received.Add(certificate);
        }
    }

    /// <summary>One client's connection, opened again when it broke or when a call on it took too long.</summary>
    private sealed class DrillCaller(Func<GrpcTarget> target) : IAsyncDisposable
    {
        private GrpcConnection? _connection;

        public async Task<(int Status, string Message, byte[] Reply)> AskAsync(Call call, TimeSpan limit)
        {
            var script = new OneCall(call);
            using var late = new CancellationTokenSource(limit);
            try
            {
                _connection ??= await GrpcConnection.OpenAsync(target(), late.Token);
                await _connection.RunAsync(script, 1, late.Token);
                return (script.Status, script.Message, script.Reply);
            }
            catch (Exception failure) when (failure is IOException or AuthenticationException or OperationCanceledException)
            {
                await DisposeAsync();
                return (script.Status, failure is OperationCanceledException ? $"no answer within {limit.TotalSeconds:0.0} s" : failure.Message, script.Reply);
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_connection is { } connection)
            {
                _connection = null;
                await connection.DisposeAsync();
            }
        }
    }

    private sealed class OneCall(Call call) : ICallScript
    {
        private bool _asked;

        public int Status { get; private set; } = CallOutcome.NoStatus;

        public string Message { get; private set; } = "";

        public byte[] Reply { get; private set; } = [];

        public Call? Next()
        {
            var next = _asked ? (Call?)null : call;
            _asked = true;
            return next;
        }

        public void Ended(in CallOutcome outcome) => (Status, Message, Reply) = (outcome.Status, outcome.StatusMessage, outcome.Message.ToArray());
    }
}
