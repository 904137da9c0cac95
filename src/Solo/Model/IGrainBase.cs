using Orleans.Runtime;

namespace Orleans;

/// <summary>What a grain class is to its host. A class may implement it directly, or derive from <see cref="Grain"/>.</summary>
public interface IGrainBase
{
    IGrainContext GrainContext { get; }

    /// <summary>Runs before the first request. A failure fails the requests that wait, and the activation is gone.</summary>
    Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

    /// <summary>Runs after the last request. Not run when the process dies, so nothing may depend on it.</summary>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
}
