using MeshGrains.Grains;
using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.Messaging;

namespace MeshGrains.Silo;

/// <summary>
/// What can befall a call between silos, told as a refusal that its caller understands: a silo that was lost, a reply that did not come, a full
/// queue. The outcome of such a call is unknown; callers repeat it with the same operation id.
/// </summary>
internal sealed class GrainCallFailures : IOutgoingGrainCallFilter
{
    private const string OurInterfaces = "MeshGrains.";

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (Exception failure) when (RefusalOf(failure) is not null
            && context.InterfaceMethod.DeclaringType?.Namespace is { } declared && $"{declared}.".StartsWith(OurInterfaces, StringComparison.Ordinal))
        {
            throw RefusalOf(failure)!;
        }
    }

    private static GrainOperationException? RefusalOf(Exception failure) => failure switch
    {
        LimitExceededException => new(RefusalCode.ResourceExhausted, "grain_busy", "Too many calls wait for this record already; try again shortly."),
        TimeoutException => new(RefusalCode.Unavailable, "silo_timeout", "Another silo did not answer in time; the outcome is unknown. Try again."),
        SiloUnavailableException or ConnectionFailedException or OrleansMessageRejectionException => new(
            RefusalCode.Unavailable, "silo_unavailable", "The silo that holds this record cannot be reached right now; try again shortly."),

        // The runtime's own words for a directory or a placement in the middle of a change of members; a failure of a grain's carries another one inside.
        OrleansException { InnerException: null } => new(
            RefusalCode.Unavailable, "silo_unavailable", $"The cluster is changing its members; try again shortly. {failure.Message}"),
        _ => null,
    };
}
