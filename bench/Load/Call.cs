namespace MeshGrains.Bench;

/// <summary>One gRPC call made ready to send. Calls share their parts: any header block goes with any body.</summary>
/// <param name="Headers">The HPACK literals that the call has beyond those of every call (see <see cref="Hpack"/>); may be empty.</param>
/// <param name="Body">The message with its 5 bytes of gRPC framing.</param>
/// <param name="Tag">What the script knows the call by.</param>
internal readonly record struct Call(byte[] Headers, byte[] Body, int Tag);
