using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Google.Protobuf.Collections;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Bench;

/// <summary>Simulated holders of certificates under simulated agents of one silo, all in this process.</summary>
internal sealed class HolderFleet(SiloProcess silo) : IAsyncDisposable
{
    private const int MostUnderOne = 5_000;
    private const int AtOnce = 32;
    private const int DistinctRequests = 500;
    private const int MaxMessage = 16 * 1024 * 1024;
    private static readonly X509SvidValidationOptions Tolerance = new() { ClockSkew = TimeSpan.FromMinutes(1) };

    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentDictionary<ByteString, string> _issuers = new();
    private readonly ByteString[] _requests = [.. CertificateRequests.Make(DistinctRequests).Select(der => ByteString.CopyFrom(der))];
    private readonly Lock _gate = new();
    private SpiffeBundle _bundle = ReadBundle(silo);
    private long _bundleNumber;
    private int _nextRequest;
    private Task _running = Task.CompletedTask;

    public HolderTally Tally { get; } = new();

    public HolderAgent[] Agents { get; private set; } = [];

    public static int AgentsFor(int holders) => Math.Max(4, (holders + MostUnderOne - 1) / MostUnderOne);

    /// <summary>Registers the agents, each with a join token, and the holders, spread over them.</summary>
    public async Task RegisterAsync(int holders, CancellationToken cancellationToken)
    {
        var agents = AgentsFor(holders);
        Agents = new HolderAgent[agents];
        for (var agent = 0; agent < agents; agent++)
        {
            var entry = await silo.Admin.CreateEntryAsync(AgentFleet.IdOf(agent), cancellationToken);
            Agents[agent] = new HolderAgent(this, AgentFleet.IdOf(agent), await silo.Admin.CreateTokenAsync(entry, cancellationToken));
        }

        var done = 0;
        await Parallel.ForAsync(0, holders, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (i, cancel) =>
        {
            await silo.Admin.CreateEntryUnderAsync(
                AgentFleet.IdOf(i % agents), string.Create(CultureInfo.InvariantCulture, $"spiffe://{SiloSetup.TrustDomain}/holder/{i}"),
                string.Create(CultureInfo.InvariantCulture, $"unix:uid:{1_000_000 + i}"), cancel);
            if (Interlocked.Increment(ref done) is var count && count % 10_000 == 0)
            {
                Progress.Say($"{count} of {holders} holders are registered");
            }
        });
    }

    /// <summary>Lets all agents attest, connect and get what they lack, and stay so.</summary>
    public void Start() => _running = Task.WhenAll(Agents.Select(agent => Task.Run(() => agent.RunAsync(_ending.Token))));

    /// <summary>How many certificates are held that fulfil this.</summary>
    public int Count(Func<HeldCertificate, bool> holds) => Agents.Sum(agent => agent.Count(holds));

    /// <summary>Waits until so many certificates are held that fulfil this.</summary>
    /// <exception cref="TimeoutException">It did not come about in time.</exception>
    public async Task UntilAsync(string what, int count, Func<HeldCertificate, bool> holds, TimeSpan patience, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var told = TimeSpan.Zero;
        while (Count(holds) is var have && have != count)
        {
            if (clock.Elapsed > patience)
            {
                throw new TimeoutException($"{have} of {count} {what} within {patience.TotalSeconds:0} s. {Trouble()}");
            }

            if (clock.Elapsed - told > TimeSpan.FromSeconds(10))
            {
                told = clock.Elapsed;
                Progress.Say($"{have} of {count} {what}; {Tally.Issued} issued, {Tally.Postponed} asked again. {Trouble()}");
            }

            await Task.Delay(200, cancellationToken);
        }
    }

    public RpcChannel Open(SslStreamCertificateContext? identity) => new(
        new Uri($"https://localhost:{silo.Gateway.Port.ToString(CultureInfo.InvariantCulture)}"),
        new RpcChannelOptions
        {
            Tls = new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ClientCertificateContext = identity,
                AllowTlsResume = false,
                RemoteCertificateValidationCallback = (_, leaf, chain, _) => leaf is not null && Believes(leaf, chain),
                CertificateChainPolicy = PeerChain.Undecided(),
            },
            MaxReceiveMessageBytes = MaxMessage,
        });

    public ByteString NextRequest() => _requests[(uint)Interlocked.Increment(ref _nextRequest) % DistinctRequests];

    /// <summary>The newest bundle that any of them was pushed is that of all.</summary>
    public void Take(Bundle bundle)
    {
        lock (_gate)
        {
            if (bundle.Number > _bundleNumber)
            {
                (_bundleNumber, _bundle) = (bundle.Number, new SpiffeBundle(_bundle.TrustDomain).WithX509Authorities(bundle.X509Authorities.Select(root => root.Memory)));
            }
        }
    }

    /// <summary>What is wrong with a certificate, by the bundle of this moment; null when it is good.</summary>
    public string? Problem(Svid svid)
    {
        var seen = X509SvidValidator.Validate(
            svid.Chain[0].Memory, [.. svid.Chain.Skip(1).Select(der => der.Memory)], Volatile.Read(ref _bundle), DateTimeOffset.UtcNow, Tolerance);
        return !seen.IsValid ? seen.Error : seen.Id?.ToString() == svid.SpiffeId ? null : $"{svid.SpiffeId} was answered with {seen.Id}";
    }

    /// <summary>Who signed the leaf, then who signed each intermediate: a few CAs, so each is read once.</summary>
    public string[] Authorities(ParsedCertificate leaf, RepeatedField<ByteString> chain) =>
    [
        string.Intern(Convert.ToHexStringLower(leaf.AuthorityKeyIdentifier.Span)),
        .. chain.Skip(1).Select(der => _issuers.GetOrAdd(der, one => string.Intern(Convert.ToHexStringLower(ParsedCertificate.Read(one.Memory).AuthorityKeyIdentifier.Span)))),
    ];

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private string Trouble() => string.Join("; ", Agents.Select(agent => agent.LastEnd).Where(end => end.Length > 0).Distinct().Take(3).Concat(Tally.Failures.Keys.Take(3)));

    private bool Believes(X509Certificate leaf, X509Chain? chain) =>
        X509SvidValidator.Validate(leaf.GetRawCertData(), PeerChain.Intermediates(chain), Volatile.Read(ref _bundle), DateTimeOffset.UtcNow, Tolerance)
            is { IsValid: true, Id.Path: "/meshgrains/gateway" };

    private static SpiffeBundle ReadBundle(SiloProcess silo) =>
        SpiffeBundle.TryRead(File.ReadAllBytes(Path.Combine(silo.Setup.Data, "bundle.json")), TrustDomain.Parse(SiloSetup.TrustDomain), out var bundle, out var error)
            ? bundle
            : throw new InvalidOperationException(error);
}
