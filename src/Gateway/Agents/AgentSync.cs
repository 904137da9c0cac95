using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Agents;

/// <summary>
/// <c>meshgrains.agent.v1.NodeAgent/Sync</c>: pushes to one agent what changed, and takes its reports. An agent that is denied is cut off at once, with the
/// reason in the status.
/// </summary>
internal sealed class AgentSync(
    CallIntake intake, IAgentDirectory directory, IReissueOrders reissues, IIssuanceService issuance, AgentRoster roster, AgentEntries entries, AgentStreamMetrics metrics,
    RefusalLog refusals, IOptions<AgentsOptions> options, TimeProvider time, ILogger<AgentSync> logger,
    IFederatedTrust? federated = null, AgentCrls? crls = null)
{
    /// <summary>The first report names every entry that the agent holds; some 50 bytes each.</summary>
    public const int MaxReportBytes = 2 * 1024 * 1024;

    private const string Api = "agent";
    private const int MaxVersionChars = 64;
    private const int MaxTroubleChars = 512;
    private static readonly TimeSpan FirstReport = TimeSpan.FromSeconds(10);

    private static readonly Refusal Full = new(
        RefusalCode.ResourceExhausted, "agents_full", "As many agents are connected to this silo as may be (agents.maxStreams); try another or come again.",
        RetryAfter: TimeSpan.FromSeconds(5));

    private static readonly Refusal Draining = new(
        RefusalCode.Unavailable, "draining", "This silo is stopping; try another.", RetryAfter: TimeSpan.FromSeconds(1));

    private static readonly Refusal Superseded = new(RefusalCode.Conflict, "stream_replaced", "A later stream of this agent took this one's place.");

    private static readonly Refusal Malformed = new(
        RefusalCode.InvalidArgument, "report_malformed", $"A report has a version of at most {MaxVersionChars} and a trouble of at most {MaxTroubleChars} characters.");

    private static readonly Refusal Late = new(RefusalCode.InvalidArgument, "report_missing", "The first report did not come in time.");

    private readonly AgentsOptions _options = options.Value;

    public async Task HandleAsync(RpcRequestReader<Wire.AgentReport> reports, RpcResponseWriter<Wire.AgentUpdate> updates, RpcServerContext context)
    {
        AgentStanding? agent = null;
        Refusal? refusal;
        try
        {
            (agent, refusal) = await AdmitAsync(context);
            refusal ??= await ServeAsync(agent!, reports, updates, context);
            if (refusal is null)
            {
                return;
            }
        }
        catch (Exception e) when (e is not (OperationCanceledException or RpcException))
        {
            refusal = RefusalMap.Of(e) ?? RefusalMap.Unforeseen;
            if (refusal.Code == RefusalCode.Internal)
            {
                ServingLog.RequestFailed(logger, e, RequestId.Of(context.HttpContext), "POST", context.Method);
            }
        }

        metrics.Refused(refusal.Reason);
        refusals.Tell(Api, context.HttpContext, agent?.AgentId ?? context.Peer, refusal);
        throw AgentRefusal.Of(refusal, RequestId.Of(context.HttpContext));
    }

    /// <summary>The place among calls under way is given back before the stream begins: a stream is none of them.</summary>
    private async ValueTask<(AgentStanding? Agent, Refusal? Refusal)> AdmitAsync(RpcServerContext context)
    {
        using var call = await intake.AdmitAsync(context.HttpContext, context.CancellationToken);
        return call.Succeeded ? await directory.JudgeAsync(call.Caller, context.CancellationToken) : (null, call.Refusal);
    }

    private async Task<Refusal?> ServeAsync(
        AgentStanding agent, RpcRequestReader<Wire.AgentReport> reports, RpcResponseWriter<Wire.AgentUpdate> updates, RpcServerContext context)
    {
        if (roster.IsDraining)
        {
            return Draining;
        }

        using var connection = new AgentConnection(agent, context.Peer, time.GetUtcNow(), ConnectionOrigin.Of(context.HttpContext)?.ClientChain);
        if (!roster.TryEnter(connection))
        {
            return Full;
        }

        // The connection is to close: the stream ends well, and the agent comes back on another one.
        var closing = context.HttpContext.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, connection.Ended, closing);
        try
        {
            if (await FirstAsync(reports, ending) is not { } first)
            {
                return null;
            }

            var delta = new AgentDelta(first.Held);
            if (first.Held.Count > _options.MaxEntriesPerAgent || !Take(connection, first))
            {
                return Malformed;
            }

            var pushing = PushAsync(connection, delta, updates, ending.Token);
            var reading = ReadAsync(connection, reports, ending.Token);
            var refusal = await await Task.WhenAny(pushing, reading);
            await ending.CancelAsync();
            await Task.WhenAll(Quietly(pushing), Quietly(reading));
            return refusal;
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            return connection.IsReplaced ? Superseded
                : closing.IsCancellationRequested || connection.Ended.IsCancellationRequested ? null
                : connection.Report is null ? Late : null;
        }
        finally
        {
            roster.Leave(connection);
        }
    }

    /// <summary>The timer that hurries it does not live as long as the stream.</summary>
    private async ValueTask<Wire.AgentReport?> FirstAsync(RpcRequestReader<Wire.AgentReport> reports, CancellationTokenSource ending)
    {
        using var patience = time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), ending, FirstReport, Timeout.InfiniteTimeSpan);
        return await reports.ReadAsync(ending.Token);
    }

    private async Task<Refusal?> PushAsync(
        AgentConnection connection, AgentDelta delta, RpcResponseWriter<Wire.AgentUpdate> updates, CancellationToken cancellationToken)
    {
        IReadOnlyList<RegistrationEntry> registered = [];
        while (true)
        {
            // Asked anew each time: no push outlives a denial.
            if (directory.Denied(connection.Standing) is { } denied)
            {
                return denied;
            }

            var changedAt = connection.TakeChangedAt();
            var denials = directory.DenialNumber;
            if (connection.TakeEntriesDirty())
            {
                registered = await RegisteredAsync(connection, cancellationToken);
            }

            var next = delta.Next(directory.Issuable(registered), issuance.Current, denials, directory.TaintedAuthorities, reissues.Current, federated, crls?.Current);
            foreach (var update in next)
            {
                await updates.WriteAsync(update, cancellationToken);
            }

            if (next.Count > 0)
            {
                metrics.Pushed(next.Count, changedAt);
            }

            await connection.WokenAsync(cancellationToken);
            if (_options.Coalesce > TimeSpan.Zero)
            {
                await Task.Delay(_options.Coalesce, time, cancellationToken);
            }
        }
    }

    private async ValueTask<IReadOnlyList<RegistrationEntry>> RegisteredAsync(AgentConnection connection, CancellationToken cancellationToken)
    {
        connection.RereadAt(roster.NextReread());
        var registered = await entries.ReadAsync(connection.Standing.AgentId, _options.MaxEntriesPerAgent, cancellationToken);
        if (registered.Count >= _options.MaxEntriesPerAgent)
        {
            AgentLog.EntriesCut(logger, connection.Standing.AgentId, _options.MaxEntriesPerAgent);
        }

        // What ends by itself is taken from the agent then, not at the next reading.
        var now = time.GetUtcNow();
        foreach (var entry in registered)
        {
            if (entry.ExpiresAt > now)
            {
                connection.RereadBy(roster.After(entry.ExpiresAt.Value - now));
            }
        }

        return registered;
    }

    private async Task<Refusal?> ReadAsync(AgentConnection connection, RpcRequestReader<Wire.AgentReport> reports, CancellationToken cancellationToken)
    {
        while (await reports.ReadAsync(cancellationToken) is { } report)
        {
            if (!Take(connection, report))
            {
                return Malformed;
            }
        }

        return null;
    }

    private bool Take(AgentConnection connection, Wire.AgentReport report)
    {
        if (report.Version.Length > MaxVersionChars || report.Health?.Trouble.Length > MaxTroubleChars)
        {
            return false;
        }

        // What it holds is in the delta already, and may be long.
        report.Held.Clear();
        if (connection.Report is { } before)
        {
            metrics.Reported(before.Health?.Nacks ?? 0, report.Health?.Nacks ?? 0);
        }

        var news = connection.Report is not { } last || last.BundleNumber != report.BundleNumber || last.Version != report.Version
            || !Equals(last.Health, report.Health);
        connection.Report = report;
        if (news)
        {
            connection.MarkUntold();
        }

        return true;
    }

    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception)
        {
            // The other one's result, or failure, is the stream's.
        }
    }
}
