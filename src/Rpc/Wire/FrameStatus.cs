namespace MeshGrains.Rpc.Wire;

/// <summary>What stands at the head of a buffer of length-prefixed messages.</summary>
internal enum FrameStatus
{
    /// <summary>A whole message.</summary>
    Message,

    /// <summary>The beginning of one.</summary>
    Incomplete,

    /// <summary>A message whose first byte says that it is compressed.</summary>
    Compressed,

    /// <summary>A first byte that is neither 0 nor 1.</summary>
    BadFlag,

    /// <summary>A length above the limit.</summary>
    TooLarge,
}
