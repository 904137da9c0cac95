using MeshGrains.Agent.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>What the agent tells of itself: its counters and its log.</summary>
internal sealed class Clues<T> : ILogger<T>
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];

    public AgentMetrics Metrics { get; } = new();

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    public string Counters => Metrics.Write([]);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
        {
            _lines.Add(formatter(state, exception));
        }
    }
}
