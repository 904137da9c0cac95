using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Domains;

/// <summary>Says before each message which trust domain it is about.</summary>
internal sealed class DomainLogger<T>(ILogger inner, string trustDomain) : ILogger<T>
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        inner.Log(logLevel, eventId, state, exception, (told, failure) => $"{trustDomain}: {formatter(told, failure)}");
}
