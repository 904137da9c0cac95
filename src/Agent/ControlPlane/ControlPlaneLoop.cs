using System.Globalization;
using Google.Protobuf;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.KeyStore;
using MeshGrains.Agent.Svids;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.ControlPlane;

/// <summary>
/// Attests the node, keeps its SVID fresh and the stream standing. After a failure the next attempt waits a random part of a time that doubles, so that a
/// fleet that lost a gateway at once does not come back at once.
/// </summary>
internal sealed class ControlPlaneLoop(
    AgentState state, ControlPlaneLink link, SyncSession sessions, NodeAttestation attestation, GatewayCheck check, IAgentKeyStore keys, AgentConfiguration options,
    TrustDomain trustDomain, ReissueSchedule reissues,
    AgentMetrics metrics, IJitter jitter, TimeProvider time, ILogger<ControlPlaneLoop> logger) : BackgroundService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);

    /// <summary>One that came a moment ago and is to be replaced already would come from the same issuer again.</summary>
    private static readonly TimeSpan LeastUse = TimeSpan.FromSeconds(20);

    private readonly Uri[] _addresses = [.. options.ControlPlane.Addresses.Select(address => new Uri(address))];
    private int _turn;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = FirstPause;
        link.Identity = Kept();
        while (!stoppingToken.IsCancellationRequested)
        {
            var address = _addresses[_turn % _addresses.Length];
            string trouble;
            try
            {
                if (link.Identity is { } ended && ended.NotAfter <= time.GetUtcNow())
                {
                    Forget();
                }

                link.Identity ??= await AttestAsync(address, stoppingToken);
                var stood = await RunSessionAsync(address, link.Identity, stoppingToken);
                pause = stood ? FirstPause : pause;
                trouble = "the control plane ended the stream";
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (AttestationException failure)
            {
                var next = Next(ref pause);
                metrics.Connected(failure.Reason);
                AgentLog.NotAttested(logger, failure.Reason, failure.Message, next.TotalSeconds);
                link.Fall($"the node could not be attested: {failure.Message}");
                _turn++;
                await WaitAsync(next, stoppingToken);
                continue;
            }
            catch (RpcException failure)
            {
                trouble = Judge(failure);
                var next = Next(ref pause, failure);
                AgentLog.Disconnected(logger, address.ToString(), failure.StatusCode.ToString(), trouble, next.TotalSeconds);
                link.Fall(trouble);
                _turn++;
                await WaitAsync(next, stoppingToken);
                continue;
            }

            // It ended well (its connection grew old, or our own SVID is new): come back on another one soon, yet not all in one moment.
            if (!stoppingToken.IsCancellationRequested && link.Current is null)
            {
                link.Fall(trouble);
                await WaitAsync(FirstPause * (jitter.Next(1) / 2), stoppingToken);
            }
        }

        link.Fall("the agent is stopping");
    }

    /// <summary>What a refusal means for our own standing.</summary>
    private string Judge(RpcException failure)
    {
        var reason = ControlPlaneClient.ReasonOf(failure);
        metrics.Connected(reason.Length > 0 ? reason : failure.StatusCode.ToString());
        if (failure.StatusCode is RpcStatusCode.PermissionDenied or RpcStatusCode.Unauthenticated && reason.Length > 0)
        {
            AgentLog.Refused(logger, reason, failure.Detail);

            // Evicted, attested too long ago, signed by a tainted CA: only a fresh attestation helps. A ban holds whatever is shown, and what is held is served no longer.
            if (reason is not "agent_banned" and not "quarantined")
            {
                Forget();
            }
            else if (state.Withdraw() is > 0 and var gone)
            {
                AgentLog.Withdrawn(logger, gone, reason);
            }

            return $"refused: {reason}";
        }

        return check.Refusal is { } refused ? $"the gateway was not believed: {refused}" : failure.Detail;
    }

    private TimeSpan Next(ref TimeSpan pause)
    {
        var wait = pause * (0.5 + (jitter.Next(1) / 4));
        pause = pause * 2 < options.ControlPlane.MaxBackoff ? pause * 2 : options.ControlPlane.MaxBackoff;
        return wait;
    }

    /// <summary>Not before the gateway's own hint, and those who got the same one at different moments.</summary>
    private TimeSpan Next(ref TimeSpan pause, RpcException failure)
    {
        var wait = Next(ref pause);
        if (!long.TryParse(failure.Trailers.Get(ControlPlaneClient.RetryTrailer), CultureInfo.InvariantCulture, out var told))
        {
            return wait;
        }

        var hint = TimeSpan.FromMilliseconds(Math.Clamp(told, 0, (long)options.ControlPlane.MaxBackoff.TotalMilliseconds)) * (1 + (jitter.Next(1) / 2));
        return hint > wait ? hint : wait;
    }

    private async Task WaitAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        try
        {
            await Clock.PauseAsync(time, duration, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The loop's condition ends it.
        }
    }

    private async Task<AgentIdentity> AttestAsync(Uri address, CancellationToken cancellationToken)
    {
        using var client = new ControlPlaneClient(address, null, check, options.ControlPlane, time);
        using var key = new SvidKey();
        try
        {
            return Take(await attestation.AttestAsync(client, key.CsrDer, cancellationToken), key);
        }
        catch (RpcException failure)
        {
            var reason = ControlPlaneClient.ReasonOf(failure);
            var told = reason.Length == 0 && check.Refusal is { } refused ? $"the gateway at {address} was not believed: {refused}" : failure.Detail;
            told = reason == "join_token_refused" ? $"{told.TrimEnd('.')}. {keys.TokenHint}; put one in {options.Node.JoinTokenFile} (meshctl token create --out FILE)" : told;
            throw new AttestationException(reason.Length > 0 ? reason : failure.StatusCode.ToString(), told, failure);
        }
    }

    private AgentIdentity Take(AttestResponse answer, SvidKey key)
    {
        var identity = AgentIdentity.Of(answer.Svid, key, trustDomain, time.GetUtcNow(), options.Renewal.Jitter, jitter, out var error)
            ?? throw new AttestationException("bad_answer", $"the control plane's answer cannot be used: {error}");
        if (answer.Bundle is { } bundle && bundle.TrustDomain == trustDomain.Name)
        {
            try
            {
                state.TakeBundle(bundle);
            }
            catch (FormatException malformed)
            {
                throw new AttestationException("bad_answer", malformed.Message, malformed);
            }
        }

        // Before it is used: from then on it is the one that the control plane knows.
        keys.SaveIdentity(answer.Svid, key);
        AgentLog.Attested(logger, identity.SpiffeId, identity.NotAfter);
        return identity;
    }

    /// <summary>The identity of an agent before this one; null when none was kept that holds still.</summary>
    private AgentIdentity? Kept()
    {
        if (keys.LoadIdentity() is not var (svid, key))
        {
            return null;
        }

        using (key)
        {
            var identity = AgentIdentity.Of(svid, key, trustDomain, time.GetUtcNow(), options.Renewal.Jitter, jitter, out _);
            if (identity is null || identity.NotAfter <= time.GetUtcNow())
            {
                keys.ForgetIdentity();
                return null;
            }

            AgentLog.IdentityKept(logger, identity.SpiffeId, identity.NotAfter);
            return identity;
        }
    }

    private void Forget()
    {
        link.Identity = null;
        keys.ForgetIdentity();
    }

    /// <summary>One stream as one identity, until it ends or the identity is renewed. True when it stood.</summary>
    private async Task<bool> RunSessionAsync(Uri address, AgentIdentity identity, CancellationToken stoppingToken)
    {
        using var client = new ControlPlaneClient(address, identity, check, options.ControlPlane, time);
        using var session = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var stood = false;
        var syncing = sessions.RunAsync(
            client,
            () =>
            {
                stood = true;
                metrics.Connected("ok");
                AgentLog.Connected(logger, address.ToString(), state.Current.Entries.Entries.Count);
                link.Stand(client, session);
            },
            session.Token);
        var renewing = RenewAsync(client, identity, session.Token);
        try
        {
            await await Task.WhenAny(syncing, renewing);
            return stood;
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            return stood;
        }
        finally
        {
            if (ReferenceEquals(link.Current, client))
            {
                link.Fall("reconnecting");
            }

            await session.CancelAsync();
            await Task.WhenAll(Quietly(syncing), Quietly(renewing));
        }
    }

    /// <summary>Ends when the agent has its next SVID. Trouble is told and tried again while the present one holds.</summary>
    private async Task RenewAsync(ControlPlaneClient client, AgentIdentity identity, CancellationToken cancellationToken)
    {
        await DueAsync(identity, cancellationToken);
        var pause = FirstPause;
        while (true)
        {
            try
            {
                using var key = new SvidKey();
                var answer = await client.RenewAsync(new RenewRequest { Csr = ByteString.CopyFrom(key.CsrDer) }, cancellationToken);
                link.Identity = Take(answer, key);
                return;
            }
            catch (Exception failure) when (failure is RpcException or AttestationException)
            {
                AgentLog.NotRenewed(logger, failure.Message);
                if (failure is RpcException { StatusCode: RpcStatusCode.PermissionDenied or RpcStatusCode.Unauthenticated } || identity.NotAfter <= time.GetUtcNow())
                {
                    throw failure is RpcException ? failure : new RpcException(RpcStatusCode.Internal, failure.Message, innerException: failure);
                }

                await Clock.PauseAsync(time, Next(ref pause), cancellationToken);
            }
        }
    }

    /// <summary>Waits for the half of its life, or for the moment at which what chains to its issuers is replaced; a fresh one is given some time even then.</summary>
    private async Task DueAsync(AgentIdentity identity, CancellationToken cancellationToken)
    {
        while (true)
        {
            var snapshot = state.Current;
            var due = identity.RenewAt;
            if (reissues.MomentOf(identity.Chain) is { } ordered)
            {
                var earliest = identity.Since + LeastUse;
                due = (ordered > earliest ? ordered : earliest) is var moment && moment < due ? moment : due;
            }

            var left = due - time.GetUtcNow();
            if (left <= TimeSpan.Zero)
            {
                return;
            }

            using var woken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(snapshot.Changed, Clock.PauseAsync(time, left, woken.Token));
            await woken.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception)
        {
            // Whichever ended first has told.
        }
    }
}
