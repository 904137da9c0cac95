namespace MeshGrains.Faults;

/// <summary>Writes one piece of a file to disk.</summary>
internal delegate void WritePiece(ReadOnlySpan<byte> bytes, long offset);
