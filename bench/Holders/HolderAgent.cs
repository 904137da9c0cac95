using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Bench;

/// <summary>
/// What a node agent with many identities is to the control plane: its stream and its reports, the SVIDs that it asks for in batches over the same calls, at their half lives
/// or at the moment that an order gives each (<see cref="ReissueMoment"/>, which agents go by), and its own SVID's renewal. It keeps certificates and no keys and serves nobody:
/// the same few requests are shown again and again.
/// </summary>
internal sealed class HolderAgent(HolderFleet fleet, string spiffeId, string joinToken)
{
    private const string Service = "/meshgrains.agent.v1.NodeAgent/";
    private const int Batch = 64;
    private const int ValidateEvery = 200;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LeastUse = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ReportSpread = TimeSpan.FromSeconds(2);
    private static readonly RpcCallOptions Calls = new() { Timeout = CallPatience };

    private readonly Lock _gate = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Dictionary<string, HeldCertificate?> _held = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _notBefore = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _revisions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (DateTimeOffset Seen, TimeSpan Over)> _orders = new(StringComparer.Ordinal);
    private SslClientIdentity? _identity;
    private (long Update, long Bundle, long Denials) _seen;
    private int _taken;

    /// <summary>Why the last session ended; empty before.</summary>
    public string LastEnd { get; private set; } = "";

    public int Entries
    {
        get
        {
            lock (_gate)
            {
                return _held.Count;
            }
        }
    }

    /// <summary>Certificates that hold, by a condition on each.</summary>
    public int Count(Func<HeldCertificate, bool> holds)
    {
        lock (_gate)
        {
            return _held.Values.Count(one => one is not null && holds(one));
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (_identity is null || _identity.Held.NotAfter <= DateTimeOffset.UtcNow)
                {
                    _identity = await AttestAsync(cancellationToken);
                }

                await RunSessionAsync(_identity, cancellationToken);
                LastEnd = "";
            }
            catch (RpcException failure)
            {
                LastEnd = $"{failure.StatusCode}: {failure.Detail}";
            }
            catch (OperationCanceledException)
            {
                // Ended by itself for the next identity, or by the run.
            }

            await Pausing.ForAsync(TimeSpan.FromMilliseconds(250) * (0.5 + Random.Shared.NextDouble()), cancellationToken);
        }
    }

    private async Task<SslClientIdentity> AttestAsync(CancellationToken cancellationToken)
    {
        using var channel = fleet.Open(null);
        var headers = new RpcMetadata { { "authorization", $"Bearer {joinToken}" } };
        var answer = await channel.UnaryAsync(
            Service + "Attest", new AttestRequest { Csr = ByteString.CopyFrom(CertificateSigningRequestWriter.Write(_key)) }, AttestResponse.Parser,
            Calls with { Headers = headers }, cancellationToken);
        return Identity(answer.Svid);
    }

    /// <summary>One stream as one identity, until it ends or the identity is renewed.</summary>
    private async Task RunSessionAsync(SslClientIdentity identity, CancellationToken cancellationToken)
    {
        using var channel = fleet.Open(identity.Tls);
        using var session = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] parts = [FollowAsync(channel, session), IssueAsync(channel, session.Token), RenewAsync(channel, identity, session.Token)];
        try
        {
            await await Task.WhenAny(parts);
        }
        finally
        {
            await session.CancelAsync();
            await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FollowAsync(RpcChannel channel, CancellationTokenSource session)
    {
        using var call = channel.Duplex<AgentReport, AgentUpdate>(Service + "Sync", AgentUpdate.Parser, null, session.Token);
        var first = Report();
        first.UpdateNumber = 0;
        lock (_gate)
        {
            first.Held.AddRange(_revisions.Select(entry => new HeldEntry { Id = entry.Key, Revision = entry.Value }));
        }

        await call.WriteAsync(first, session.Token);
        var reporting = ReportAsync(call, session.Token);
        try
        {
            while (await call.ReadAsync() is { } update)
            {
                Take(update);
            }
        }
        finally
        {
            await session.CancelAsync();
            await reporting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReportAsync(RpcDuplexCall<AgentReport, AgentUpdate> call, CancellationToken cancellationToken)
    {
        AgentReport? last = null;
        while (true)
        {
            await Task.Delay(Tick + (ReportSpread * Random.Shared.NextDouble()), cancellationToken);
            var report = Report();
            if (!report.Equals(last))
            {
                await call.WriteAsync(report, cancellationToken);
                last = report;
            }
        }
    }

    private AgentReport Report()
    {
        lock (_gate)
        {
            var missing = _held.Values.Count(one => one is null);
            return new AgentReport
            {
                Version = "bench", UpdateNumber = _seen.Update, BundleNumber = _seen.Bundle, DenialNumber = _seen.Denials,
                Health = new AgentHealth { Svids = _held.Count - missing, SvidsMissing = missing, Consumers = 1 },
            };
        }
    }

    private void Take(AgentUpdate update)
    {
        lock (_gate)
        {
            foreach (var entry in update.Entries)
            {
                _held.TryAdd(entry.Id, null);
                _revisions[entry.Id] = entry.Revision;
            }

            foreach (var id in update.RemovedEntryIds)
            {
                _held.Remove(id);
                _revisions.Remove(id);
            }

            TakeOrders(update);
            var own = update.Bundles.FirstOrDefault(bundle => bundle.TrustDomain == SiloSetup.TrustDomain);
            if (own is not null)
            {
                fleet.Take(own);
            }

            _seen = (update.Number, own?.Number ?? _seen.Bundle, update.DenialNumber);
        }
    }

    private void TakeOrders(AgentUpdate update)
    {
        var told = update.TaintedAuthorityIds.ToDictionary(id => id, _ => TimeSpan.Zero, StringComparer.Ordinal);
        foreach (var order in update.Reissues)
        {
            foreach (var id in order.AuthorityIds)
            {
                told[id] = TimeSpan.FromSeconds(order.OverSeconds);
            }
        }

        if (told.Count == _orders.Count && told.All(order => _orders.TryGetValue(order.Key, out var known) && known.Over == order.Value))
        {
            return;
        }

        var now = DateTimeOffset.UtcNow;
        if (told.Keys.Any(id => !_orders.ContainsKey(id)))
        {
            fleet.Tally.OrderSeen();
        }

        foreach (var gone in _orders.Keys.Where(id => !told.ContainsKey(id)).ToList())
        {
            _orders.Remove(gone);
        }

        foreach (var (id, over) in told)
        {
            _orders[id] = (_orders.TryGetValue(id, out var known) ? known.Seen : now, over);
        }

        foreach (var one in _held.Values)
        {
            one?.Take(_orders);
        }
    }

    private async Task IssueAsync(RpcChannel channel, CancellationToken cancellationToken)
    {
        while (true)
        {
            var due = Due(DateTimeOffset.UtcNow);
            if (due.Count == 0)
            {
                await Task.Delay(Tick, cancellationToken);
                continue;
            }

            var request = new IssueRequest();
            request.Items.AddRange(due.Select(one => new IssueRequest.Types.Item { EntryId = one.EntryId, Csr = fleet.NextRequest() }));
            IssueResponse response;
            try
            {
                response = await channel.UnaryAsync(Service + "Issue", request, IssueResponse.Parser, Calls, cancellationToken);
            }
            catch (RpcException) when (!cancellationToken.IsCancellationRequested)
            {
                // All of it stays due; the session is opened anew.
                fleet.Tally.Postpone(due.Count);
                throw;
            }

            for (var i = 0; i < due.Count; i++)
            {
                Take(due[i].EntryId, due[i].Cause, response.Results[i]);
            }
        }
    }

    private List<(string EntryId, HolderCause Cause)> Due(DateTimeOffset now)
    {
        var due = new List<(string, HolderCause)>();
        lock (_gate)
        {
            foreach (var (id, held) in _held)
            {
                if (due.Count == Batch)
                {
                    break;
                }

                var (at, cause) = held?.Due ?? (now, HolderCause.First);
                if (at <= now && !(_notBefore.TryGetValue(id, out var later) && later > now))
                {
                    due.Add((id, cause));
                }
            }
        }

        return due;
    }

    private void Take(string entryId, HolderCause cause, IssueResponse.Types.Result result)
    {
        var now = DateTimeOffset.UtcNow;
        if (result.Code != 0)
        {
            lock (_gate)
            {
                _notBefore[entryId] = now + TimeSpan.FromMilliseconds(Math.Clamp(result.RetryAfterMs, 250, 5000));
            }

            if (result.Code is (int)RpcStatusCode.ResourceExhausted or (int)RpcStatusCode.Unavailable)
            {
                fleet.Tally.Postpone(1);
            }
            else
            {
                fleet.Tally.Failed($"{result.Reason}: {result.Message}");
            }

            return;
        }

        var certificate = Held(result.Svid, now);
        fleet.Tally.Took(cause, certificate);
        lock (_gate)
        {
            certificate.Take(_orders);
            if (_held.TryGetValue(entryId, out var former) && former?.NotAfter <= now)
            {
                fleet.Tally.Failed("a certificate ended before there was another");
            }

            _held[entryId] = certificate;
            _notBefore.Remove(entryId);
            if (certificate.Due.At <= now)
            {
                // It chains to an authority still that was given up: asked for again, but not at once and for ever.
                _notBefore[entryId] = now + TimeSpan.FromSeconds(1);
            }
        }
    }

    private async Task RenewAsync(RpcChannel channel, SslClientIdentity identity, CancellationToken cancellationToken)
    {
        while (true)
        {
            (DateTimeOffset At, HolderCause Cause) due;
            lock (_gate)
            {
                identity.Held.Take(_orders);
                due = identity.Held.Due;
            }

            if (due.At <= DateTimeOffset.UtcNow && (due.Cause == HolderCause.Renewal || identity.Since + LeastUse <= DateTimeOffset.UtcNow))
            {
                break;
            }

            await Task.Delay(Tick * 5, cancellationToken);
        }

        var answer = await channel.UnaryAsync(
            Service + "Renew", new RenewRequest { Csr = ByteString.CopyFrom(CertificateSigningRequestWriter.Write(_key)) }, AttestResponse.Parser, Calls, cancellationToken);
        _identity = Identity(answer.Svid);
    }

    private SslClientIdentity Identity(Svid svid)
    {
        var now = DateTimeOffset.UtcNow;
        using var bare = X509CertificateLoader.LoadCertificate(svid.Chain[0].Span);
        var identity = SslClientIdentity.Of(
            bare.CopyWithPrivateKey(_key), [.. svid.Chain.Skip(1).Select(der => X509CertificateLoader.LoadCertificate(der.Span))], Held(svid, now), now);
        fleet.Tally.Own(identity.Held);
        return svid.SpiffeId == spiffeId ? identity : throw new InvalidDataException($"{svid.SpiffeId} was given to {spiffeId}.");
    }

    private HeldCertificate Held(Svid svid, DateTimeOffset now)
    {
        if (Interlocked.Increment(ref _taken) % ValidateEvery == 1 && fleet.Problem(svid) is { } problem)
        {
            fleet.Tally.FoundInvalid(problem);
        }

        var leaf = ParsedCertificate.Read(svid.Chain[0].Memory);
        return new HeldCertificate(svid.Chain[0].ToByteArray(), fleet.Authorities(leaf, svid.Chain), now, leaf.NotAfter, Random.Shared.NextDouble());
    }
}
