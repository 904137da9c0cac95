using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeshGrains.Grains;

/// <summary>
/// What is stored in grain state. A member that a newer version added is kept as it stands and written again: while versions run side by side, a write
/// of the older one takes nothing away.
/// </summary>
public abstract record StoredForm
{
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Newer { get; set; }
}
