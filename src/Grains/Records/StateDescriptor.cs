using System.Text.Json.Serialization.Metadata;

namespace MeshGrains.Grains;

/// <summary>
/// How one grain state is stored: its name and format version in the envelope, its JSON contract, whether it bears trust.
/// Raise <paramref name="Format"/> only for a change that an older reader would misread; added optional members need no new format.
/// </summary>
internal sealed record StateDescriptor<T>(string Name, int Format, JsonTypeInfo<T> Json, Func<T> Empty, bool TrustBearing);
