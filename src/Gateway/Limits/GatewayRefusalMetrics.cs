using System.Diagnostics.Metrics;

namespace MeshGrains.Gateway;

/// <summary>
/// Counters of the meter <c>MeshGrains.Gateway</c>. Labels are the fixed reasons of refusals, never anything that a caller sent.
/// </summary>
internal sealed class GatewayRefusalMetrics : IDisposable
{
    public const string MeterName = "MeshGrains.Gateway";

    private readonly Meter _meter;
    private readonly Counter<long> _authentication;
    private readonly Counter<long> _limits;
    private readonly Counter<long> _connections;

    public GatewayRefusalMetrics(IMeterFactory? factory = null)
    {
        _meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        _authentication = _meter.CreateCounter<long>("meshgrains.gateway.authentication.refusals", "{call}", "Calls whose credentials were refused, by reason.");
        _limits = _meter.CreateCounter<long>("meshgrains.gateway.limits.refusals", "{call}", "Calls turned away by a limit or quota, by reason.");
        _connections = _meter.CreateCounter<long>("meshgrains.gateway.connections.refusals", "{connection}", "Connections turned away, by reason.");
    }

    internal Meter Meter => _meter;

    public void Authentication(string reason) => _authentication.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Limit(string reason) => _limits.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Connection(string reason) => _connections.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Dispose() => _meter.Dispose();
}
