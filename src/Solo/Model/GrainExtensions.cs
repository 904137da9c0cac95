using Orleans.Runtime;
using Orleans.Solo;

namespace Orleans;

/// <summary>The identity of grains and of references to them.</summary>
public static class GrainExtensions
{
    /// <summary>A reference to this grain, or to the grain this reference means, under another of its interfaces.</summary>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return grain is GrainReference reference
            ? (TGrainInterface)reference.As(typeof(TGrainInterface))
            : (TGrainInterface)Activation.Of(grain).ReferenceAs(typeof(TGrainInterface));
    }

    /// <exception cref="ArgumentException">Neither a grain with a context nor a reference to one.</exception>
    public static GrainId GetGrainId(this IAddressable grain) => grain switch
    {
        GrainReference reference => reference.GrainId,
        IGrainBase { GrainContext: { } context } => context.GrainId,
        null => throw new ArgumentNullException(nameof(grain)),
        _ => throw new ArgumentException($"{grain.GetType()} is neither a grain in a host nor a reference to one.", nameof(grain)),
    };

    public static string GetPrimaryKeyString(this IAddressable grain) => GetGrainId(grain).Key.ToString();
}
