using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Solo;

namespace Orleans;

/// <summary>The usual base of a grain class.</summary>
public abstract class Grain : IGrainBase, IAddressable
{
    protected Grain() => GrainContext = RuntimeContext.Current;

    /// <summary>The activation this instance belongs to; null in an instance that no host made.</summary>
    [AllowNull]
    public IGrainContext GrainContext { get; private set; }

    protected IGrainFactory GrainFactory => ServiceProvider.GetRequiredService<IGrainFactory>();

    protected internal IServiceProvider ServiceProvider => (GrainContext
        ?? throw new InvalidOperationException("This grain instance was made outside a grain host.")).ActivationServices;

#pragma warning disable CA1725 // Orleans' own names, which an overriding grain repeats.
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

#pragma warning restore CA1725

    protected void DeactivateOnIdle() => GrainBaseExtensions.DeactivateOnIdle(this);
}
