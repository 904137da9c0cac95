using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Tests.Harness;

/// <summary>Keeps every log line as <c>category: text</c>.</summary>
internal sealed class RecordedLogs : ILoggerProvider
{
    public ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>Those of <see cref="Lines"/> that are critical.</summary>
    public ConcurrentQueue<string> Alarms { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Recorder(categoryName, this);

    public void Dispose()
    {
    }

    private sealed class Recorder(string category, RecordedLogs logs) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = $"{category}: {formatter(state, exception)} {exception}";
            logs.Lines.Enqueue(line);
            if (logLevel == LogLevel.Critical)
            {
                logs.Alarms.Enqueue(line);
            }
        }
    }
}
