using System.Collections.Concurrent;
using System.Net;
using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>A proxy that clients talk to, by its address and the identity it has to show; remembers which certificates it showed.</summary>
internal sealed class ProxyTarget(string name, IPEndPoint address, SpiffeId id)
{
    private readonly ConcurrentDictionary<string, bool> _serials = new(StringComparer.Ordinal);

    public string Name => name;

    public IPEndPoint Address => address;

    public SpiffeId Id => id;

    /// <summary>How often its certificate changed, as clients saw it.</summary>
    public int Rotations => Math.Max(0, _serials.Count - 1);

    /// <summary>The serial number of the newest certificate; empty before the first.</summary>
    public string Newest { get; private set; } = "";

    /// <summary>The certificates that the newest one came with.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Intermediates { get; private set; } = [];

    public void Saw(string serial, IReadOnlyList<ReadOnlyMemory<byte>>? intermediates = null)
    {
        if (_serials.TryAdd(serial, true))
        {
            (Newest, Intermediates) = (serial, intermediates ?? []);
        }
    }
}
