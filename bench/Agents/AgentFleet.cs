using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>N simulated agents of one silo, in this process: their identities, got through the product's own API, and their streams.</summary>
internal sealed class AgentFleet : IAsyncDisposable
{
    private const int Writers = 32;
    private const int AttestConnections = 8;
    private const int AttestAtOnce = 16;
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentDictionary<string, bool> _believed = new(StringComparer.Ordinal);
    private readonly List<Task> _running = [];
    private SpiffeBundle _bundle = null!;

    public SimulatedAgent[] Agents { get; private set; } = [];

    public IPEndPoint Gateway { get; private set; } = null!;

    /// <summary>Registers the agents, makes a join token for each, and attests each with it.</summary>
    /// <exception cref="InvalidOperationException">One was refused.</exception>
    public async Task AttestAsync(SiloProcess silo, int agents, CancellationToken cancellationToken)
    {
        Gateway = silo.Gateway;
        _bundle = ReadBundle(silo);
        var ids = Enumerable.Range(0, agents).Select(IdOf).ToArray();
        var tokens = new string[agents];
        await Parallel.ForAsync(0, agents, new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = cancellationToken }, async (index, cancel) =>
            tokens[index] = await silo.Admin.CreateTokenAsync(await silo.Admin.CreateEntryAsync(ids[index], cancel), cancel));
        Progress.Say($"{agents} agents registered, each with a join token");

        var keys = ids.Select(_ => ECDsa.Create(ECCurve.NamedCurves.nistP256)).ToArray();
        Agents = new SimulatedAgent[agents];
        var script = new AttestScript(tokens, keys, (index, certificate, intermediates) => Agents[index] = new SimulatedAgent(this, ids[index], certificate, intermediates));
        var target = new GrpcTarget { Address = silo.Gateway, TrustPem = File.ReadAllText(silo.BundleFile), Path = "/meshgrains.agent.v1.NodeAgent/Attest" };
        await Task.WhenAll(Enumerable.Range(0, AttestConnections).Select(async _ =>
        {
            await using var connection = await GrpcConnection.OpenAsync(target, cancellationToken);
            await connection.RunAsync(script, AttestAtOnce, cancellationToken);
        }));
        if (script.Failed > 0)
        {
            throw new InvalidOperationException($"{script.Failed} of {agents} agents were not attested, the first: {script.FirstFailure}");
        }

        Progress.Say($"{agents} agents attested");
    }

    public static string IdOf(int agent) => $"spiffe://{SiloSetup.TrustDomain}/meshgrains/agent/node-{agent}";

    /// <summary>Lets all of them connect and stay so.</summary>
    public void Start()
    {
        _running.AddRange(Agents.Select(agent => Task.Run(() => agent.RunAsync(_ending.Token))));
        _running.Add(Task.Run(ProbeAsync));
    }

    /// <summary>The gateway is another process at the same address.</summary>
    public void MoveTo(SiloProcess silo) => (Gateway, _bundle) = (silo.Gateway, ReadBundle(silo));

    public int Count(Func<SimulatedAgent, bool> holds) => Agents.Count(holds);

    /// <summary>Waits until something holds for all of them.</summary>
    /// <exception cref="TimeoutException">It did not come about in time.</exception>
    public async Task UntilAllAsync(string what, Func<SimulatedAgent, bool> holds, TimeSpan patience, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var told = TimeSpan.Zero;
        while (Count(holds) is var count && count < Agents.Length)
        {
            if (clock.Elapsed > patience)
            {
                throw new TimeoutException(
                    $"{count} of {Agents.Length} agents {what} within {patience.TotalSeconds:0} s; one of the others last met: {Agents.First(agent => !holds(agent)).LastEnd}");
            }

            if (clock.Elapsed - told > TimeSpan.FromSeconds(5))
            {
                told = clock.Elapsed;
                Progress.Say($"{count} of {Agents.Length} agents {what}; one of the others last met: {Agents.FirstOrDefault(agent => !holds(agent))?.LastEnd}");
            }

            await Task.Delay(20, cancellationToken);
        }
    }

    public SslClientAuthenticationOptions Tls(SslStreamCertificateContext identity) => new()
    {
        TargetHost = "localhost",
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        ClientCertificateContext = identity,
        AllowTlsResume = false,
        CertificateChainPolicy = PeerChain.Undecided(),
        RemoteCertificateValidationCallback = (_, leaf, chain, _) => leaf is X509Certificate2 certificate && Believes(certificate, chain),
    };

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    /// <summary>The gateway shows all of them one certificate: checked once for all, so that the load takes no more of the cores than it must.</summary>
    private bool Believes(X509Certificate2 leaf, X509Chain? chain) => _believed.GetOrAdd(leaf.Thumbprint, _ =>
        X509SvidValidator.Validate(leaf.RawDataMemory, PeerChain.Intermediates(chain), _bundle, DateTimeOffset.UtcNow) is { IsValid: true, Id.Path: "/meshgrains/gateway" });

    private async Task ProbeAsync()
    {
        try
        {
            while (true)
            {
                foreach (var part in Agents.Chunk(Math.Max(1, Agents.Length / 100)))
                {
                    await Task.Delay(ProbeEvery / 100, _ending.Token);
                    await Task.WhenAll(part.Select(agent => agent.ProbeAsync(_ending.Token)));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private static SpiffeBundle ReadBundle(SiloProcess silo) =>
        SpiffeBundle.TryRead(File.ReadAllBytes(Path.Combine(silo.Setup.Data, "bundle.json")), TrustDomain.Parse(SiloSetup.TrustDomain), out var bundle, out var error)
            ? bundle
            : throw new InvalidOperationException(error);
}
