using Orleans.Runtime;

namespace MeshGrains.Silo;

/// <summary>
/// What Orleans calls when a silo cannot go on, such as one that was declared dead. Orleans' own handler crashes the process; this one ends it
/// in good order, with the code that asks for a new start. The store's compare-and-swap keeps the meantime harmless.
/// </summary>
internal sealed class FatalErrors(SiloFate fate) : IFatalErrorHandler
{
    public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException;

    public void OnFatalException(object? sender, string? context, Exception? exception) =>
        fate.Restart($"the grain host cannot go on: {context ?? sender?.GetType().Name} {exception?.Message}".TrimEnd());
}
