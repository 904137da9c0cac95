using System.Globalization;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Rest;

/// <summary>
/// <c>/v1/rotation</c>: the root gives way to the next. Every change needs a reason; a change that is sent again with the same idempotency key is done
/// once.
/// </summary>
internal sealed class RotationEndpoints(
    AdminContext admin, IIssuanceLog log, IOptions<CaOptions> ca, IOptions<RotationOptions> options, ILoggerFactory loggers)
{
    private const string Tag = "rotation";
    private const int MaxReissueSeconds = 30 * 86_400;

    private readonly ILogger _audit = loggers.CreateLogger(AuditLog.Category);

    private IRotationGrain Rotation => admin.Rotation;

    public void Map(IEndpointRouteBuilder endpoints)
    {
        var read = Access.Operators(OperatorRole.Read, OperatorRole.Rotate);
        var rotate = Access.Operators(OperatorRole.Rotate);
        endpoints.MapRest(
                "GET", "/rotation", read, new RestOperation("getRotation", Tag, "Tells how the root's rotation stands: its phase, its gates, who is missing"), GetAsync)
            .Answers<RotationStatusView>();
        endpoints.MapRest(
                "POST", "/rotation", rotate, new RestOperation("startRotation", Tag, "Begins the rotation of the root", Idempotency.Parameter), StartAsync)
            .Takes<StartRotationBody>().Answers<RotationStatusView>(StatusCodes.Status202Accepted);
        Change("pause", "pauseRotation", "Holds the rotation in its present phase", RotationChange.Pause);
        Change("resume", "resumeRotation", "Lets a paused rotation go on", RotationChange.Resume);
        Change("rollback", "rollBackRotation", "Takes the rotation back to the former root; refused once the drain has begun", RotationChange.RollBack);
        Change(
            "force", "forceRotation", "Passes the gates of the present phase by, as soon as they are looked at; the answer tells which are shut now",
            RotationChange.Force);

        void Change(string verb, string id, string summary, RotationChange change) =>
            endpoints.MapRest("POST", $"/rotation/{verb}", rotate, new RestOperation(id, Tag, summary, Idempotency.Parameter), http => ChangeAsync(http, verb, change))
                .Takes<ChangeRotationBody>().Answers<RotationStatusView>();
    }

    private async Task GetAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        await AnswerAsync(http, await Rotation.StatusAsync(), StatusCodes.Status200OK);
    }

    private async Task StartAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var body = await RestCall.ReadAsync(http, RestJson.Wire.StartRotationBody);
        var reason = AdminContext.Reason(body.Reason);
        var over = body.ReissueOverSeconds ?? (body.Compromised ? (int)options.Value.CompromisedReissueOver.TotalSeconds : 0);
        if (over is < 0 or > MaxReissueSeconds)
        {
            throw RestCall.Invalid("reissue_over_malformed", $"'reissueOverSeconds' is a number of seconds from 0 to {MaxReissueSeconds}; 0: everyone at the half of its life.");
        }

        var actor = admin.Actor(http);
        var operationId = Idempotency.OperationId(http);
        var begun = await admin.Audit.RunAsync(http, actor, "start rotation of root", admin.TrustDomainName, reason, () => admin.TrustDomain.StartRotationAsync(
            new StartRotation(
                operationId, ca.Value.RootKeyAlgorithm.ToString(), (long)ca.Value.RootTtl.TotalSeconds, ca.Value.NameConstraints, body.Compromised, over, reason,
                actor.Name)));
        RotationAuditLog.Started(_audit, actor.Name, begun.RotationId, admin.TrustDomainName, begun.Compromised, begun.ReissueOverSeconds, reason, RequestId.Of(http));
        await AnswerAsync(http, new RotationStatus(begun, [], null, null), StatusCodes.Status202Accepted);
    }

    private async Task ChangeAsync(HttpContext http, string verb, RotationChange change)
    {
        RestCall.AllowQuery(http);
        var body = await RestCall.ReadAsync(http, RestJson.Wire.ChangeRotationBody);
        var reason = AdminContext.Reason(body.Reason);
        var actor = admin.Actor(http);
        var operationId = Idempotency.OperationId(http);

        // Looked at before: with the order given, they may be passed by before anyone can be asked.
        var shut = change == RotationChange.Force ? (await Rotation.StatusAsync()).Gates.Where(gate => !gate.IsOpen).Select(RotationGateItem.Of).ToList() : null;
        var changed = await admin.Audit.RunAsync(http, actor, $"{verb} rotation of root", admin.TrustDomainName, reason, () => admin.TrustDomain.ChangeRotationAsync(
            new ChangeRotation(operationId, body.RotationId ?? "", change, reason, actor.Name)));
        if (shut is null)
        {
            RotationAuditLog.Changed(_audit, actor.Name, changed.RotationId, admin.TrustDomainName, verb, Word(changed.Phase), reason, RequestId.Of(http));
        }
        else
        {
            RotationAuditLog.Forced(_audit, actor.Name, changed.RotationId, Word(changed.Phase), Words(shut), reason, RequestId.Of(http));
        }

        await AnswerAsync(http, await Rotation.StatusAsync(), StatusCodes.Status200OK, shut);
    }

    private async Task AnswerAsync(HttpContext http, RotationStatus status, int code, IReadOnlyList<RotationGateItem>? forced = null)
    {
        var now = admin.Time.GetUtcNow();
        var (chains, trouble) = status.Rotation is { IsRunning: true } rotation ? await CountAsync(http, status, rotation, now) : (null, null);
        var bundle = await admin.TrustDomain.BundleNumberAsync();
        await RestCall.WriteAsync(
            http, RestJson.Wire.RotationStatusView,
            new RotationStatusView(
                admin.TrustDomainName, bundle, now, status.Rotation is { } shown ? RotationItem.Of(shown, now) : null, [.. status.Gates.Select(RotationGateItem.Of)],
                [.. status.Gates.Where(gate => gate.Name is RotationGate.Silos or RotationGate.Agents && !gate.IsOpen).SelectMany(gate => gate.Names)],
                chains, status.EstimatedEnd, status.Trouble ?? trouble, forced),
            code);
    }

    /// <summary>Live certificates under the leaving root's issuing CAs. A CA that the cluster does not know counts, as the gate has it.</summary>
    private async Task<(long? Live, string? Trouble)> CountAsync(HttpContext http, RotationStatus status, RotationView rotation, DateTimeOffset now)
    {
        if (rotation.Phase == RotationPhase.Drain && status.Gates.FirstOrDefault(gate => gate is { Name: RotationGate.Certificates, Waits: > 0 }) is { } counted)
        {
            return (counted.Waits, null);
        }

        try
        {
            var live = await log.CountLiveAsync(admin.TrustDomainName, now, http.RequestAborted);
            var others = (await admin.ClusterCa.ListAsync()).Where(one => one.RootAuthorityId != rotation.LeavingAuthorityId)
                .Select(one => one.AuthorityId).ToHashSet(StringComparer.Ordinal);
            return rotation.LeavingAuthorityId.Length == 0 ? (null, null) : (live.Where(one => !others.Contains(one.Key)).Sum(one => one.Value), null);
        }
        catch (Exception failure) when (!http.RequestAborted.IsCancellationRequested)
        {
            return (null, $"What chains to the leaving root could not be counted: {(RefusalMap.Of(failure) ?? RefusalMap.Unforeseen).Message}");
        }
    }

    private static string Words(List<RotationGateItem> gates) => gates.Count == 0
        ? "none"
        : string.Join("; ", gates.Select(gate => string.Create(
            CultureInfo.InvariantCulture, $"{gate.Name} ({gate.Waits}{(gate.Missing.Count == 0 ? "" : $": {string.Join(", ", gate.Missing)}")})")));

    private static string Word(RotationPhase phase) => phase.ToString().ToLowerInvariant();
}
