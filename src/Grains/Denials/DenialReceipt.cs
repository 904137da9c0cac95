namespace MeshGrains.Grains;

/// <summary>The denial set's number after a change, and the moment from which every silo is known to hold it (null: not yet).</summary>
[GenerateSerializer, Immutable, Alias("mg.DenialReceipt")]
public sealed record DenialReceipt([property: Id(0)] long Number, [property: Id(1)] DateTimeOffset? EffectiveAt);
