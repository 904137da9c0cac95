using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// What a segment's serials say of one: where <paramref name="IsUsable"/> is false they are missing or unfit and say nothing; otherwise the record,
/// or null when the segment has none, and the last page that was read.
/// </summary>
internal readonly record struct SerialAnswer(bool IsUsable, IssuanceRecord? Record, SerialPage? Page);
