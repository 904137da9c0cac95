using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Administration;

/// <summary>
/// Decides who administers. The local operator is known by the socket's peer uid and holds every role; anyone else by the client SVID of
/// the connection and the bindings of the configuration. Nothing else counts, and who is not named may do nothing.
/// </summary>
internal sealed class OperatorAuthorizer
{
    private static readonly Refusal NoCredentials = new(
        RefusalCode.Unauthenticated, "operator_unknown",
        "Administration needs the local operator's socket, or a client certificate that gateway.roles binds to a role.");

    // Who relays a call says which certificate its client proved: at the edge, that is no ground to administer on, and silos hand no administration on.
    private static readonly Refusal Relayed = new(
        RefusalCode.PermissionDenied, "administration_relayed",
        "Administration is not taken from a relay: call this silo itself, or, for calls through a gateway, set relay.administration at the silos.");

    internal const int RefusalLinesPerSecond = 20;

    private readonly Dictionary<string, Operator> _bySpiffeId;
    private readonly bool _throughGateways;
    private readonly IOperatorDenials _denials;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    // Apart, so that a stranger's flood does not hide what a known identity tried.
    private readonly LineBudget _strangers;
    private readonly LineBudget _known;

    public OperatorAuthorizer(IOptions<GatewayOptions> options, IOptions<RelayOptions> relay, IOperatorDenials denials, TimeProvider time, ILoggerFactory loggers)
    {
        (_denials, _time, _logger) = (denials, time, loggers.CreateLogger(AuditLog.Category));
        (_strangers, _known) = (new LineBudget(time, RefusalLinesPerSecond), new LineBudget(time, RefusalLinesPerSecond));
        _throughGateways = relay.Value.Administration;
        _bySpiffeId = options.Value.Roles
            .GroupBy(binding => binding.SpiffeId, StringComparer.Ordinal)
            .ToDictionary(
                group => group.Key,
                group => new Operator(
                    group.Key,
                    [.. group.SelectMany(binding => binding.Roles).Distinct()],
                    [.. group.Where(binding => binding.Roles.Contains(OperatorRole.Register)).SelectMany(binding => binding.PathPrefixes)]),
                StringComparer.Ordinal);
    }

    /// <summary>The operator behind a request; null for everyone else.</summary>
    public Operator? Identify(HttpContext http)
    {
        var origin = ConnectionOrigin.Of(http);
        if (origin is { Listener: ListenerKinds.Admin, Peer: { } peer })
        {
            return new Operator($"uid:{peer.UserId}", [OperatorRole.Admin], []);
        }

        return origin is { Listener: ListenerKinds.Mesh, ClientChain: { } client } && client.Until > _time.GetUtcNow()
            ? _bySpiffeId.GetValueOrDefault(client.SpiffeId)
            : null;
    }

    /// <summary>Null when the caller holds one of the roles.</summary>
    public Refusal? Authorize(HttpContext http, IReadOnlyList<OperatorRole> roles)
    {
        var caller = Identify(http);
        if (caller is null)
        {
            return ConnectionOrigin.Of(http)?.ClientChain is null
                ? NoCredentials
                : new Refusal(RefusalCode.PermissionDenied, "no_role", "This identity is bound to no role; gateway.roles in the configuration binds them.");
        }

        if (ConnectionOrigin.Of(http)?.RelayedBy is { } relay && !(relay.IsGateway && _throughGateways))
        {
            return Relayed;
        }

        if (ConnectionOrigin.Of(http)?.ClientChain is { } client && _denials.Check(client) is { } denied)
        {
            return denied;
        }

        return caller.Roles.Any(roles.Contains)
            ? null
            : new Refusal(
                RefusalCode.PermissionDenied, "role_missing",
                $"This needs one of the roles {string.Join(", ", roles.Distinct()).ToLowerInvariant()}; gateway.roles in the configuration binds them.");
    }

    /// <summary>For logs: the operator's name, else the presented identity, else the address.</summary>
    public string NameOf(HttpContext http)
        => Identify(http)?.Name ?? ConnectionOrigin.Of(http)?.ClientChain?.SpiffeId ?? http.Connection.RemoteIpAddress?.ToString() ?? "unknown";

    /// <summary>Refusals cost the caller nothing, so their lines are bounded; what was done or failed is always told.</summary>
    public void LogRefusal(HttpContext http, Refusal refusal)
    {
        var lines = ConnectionOrigin.Of(http)?.ClientChain is null ? _strangers : _known;
        if (!lines.MayTell(out var suppressed))
        {
            return;
        }

        if (suppressed > 0)
        {
            AuditLog.RefusalsSuppressed(_logger, suppressed);
        }

        AuditLog.Refused(_logger, NameOf(http), http.Request.Method, http.Request.Path, refusal.Reason, RequestId.Of(http));
    }
}
