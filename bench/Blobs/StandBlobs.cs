using System.Globalization;

namespace MeshGrains.Bench;

/// <summary>Blobs of one container in memory, by name and in the order of their names; writes hold to the conditions of Azure's service.</summary>
internal sealed class StandBlobs
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, StandBlob> _blobs = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _names = new(StringComparer.Ordinal);
    private long _tag;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _blobs.Count;
            }
        }
    }

    public StandBlob? Find(string name)
    {
        lock (_gate)
        {
            return _blobs.GetValueOrDefault(name);
        }
    }

    /// <param name="name">Of the blob.</param>
    /// <param name="ifMatch">An ETag that the blob there has to have; null for none.</param>
    /// <param name="ifAbsent">Only where there is none.</param>
    /// <param name="content">Kept as it is.</param>
    /// <param name="metadata">Names and values.</param>
    /// <param name="now">The moment of the change.</param>
    /// <returns>Null and the service's error code where the condition does not hold.</returns>
    public (StandBlob? Blob, string? Error) Put(
        string name, string? ifMatch, bool ifAbsent, byte[] content, IReadOnlyList<KeyValuePair<string, string>> metadata, DateTimeOffset now)
    {
        lock (_gate)
        {
            var there = _blobs.GetValueOrDefault(name);
            if (ifAbsent && there is not null)
            {
                return (null, "BlobAlreadyExists");
            }

            if (ifMatch is not null && there?.ETag != ifMatch)
            {
                return (null, "ConditionNotMet");
            }

            var blob = new StandBlob(name, content, metadata, string.Create(CultureInfo.InvariantCulture, $"\"0x{++_tag:X}\""), now);
            _blobs[name] = blob;
            if (there is null)
            {
                _names.Add(name);
            }

            return (blob, null);
        }
    }

    /// <returns>Null when it is removed, else the service's error code.</returns>
    public string? Remove(string name, string? ifMatch)
    {
        lock (_gate)
        {
            if (!_blobs.TryGetValue(name, out var there))
            {
                return "BlobNotFound";
            }

            if (ifMatch is not null && there.ETag != ifMatch)
            {
                return "ConditionNotMet";
            }

            _blobs.Remove(name);
            _names.Remove(name);
            return null;
        }
    }

    /// <summary>
    /// One page: blobs whose names begin with the prefix, from the mark on, and where a delimiter is given what lies behind it as one prefix.
    /// </summary>
    /// <returns>The mark to go on from; null at the end.</returns>
    public (IReadOnlyList<StandBlob> Blobs, IReadOnlyList<string> Prefixes, string? Next) List(string prefix, string? delimiter, string? from, int most)
    {
        var (blobs, prefixes) = (new List<StandBlob>(), new List<string>());
        var at = from is null || string.CompareOrdinal(from, prefix) < 0 ? prefix : from;
        lock (_gate)
        {
            while (true)
            {
                string? skipTo = null;
                foreach (var name in _names.GetViewBetween(at, prefix + "\uffff"))
                {
                    if (blobs.Count + prefixes.Count == most)
                    {
                        return (blobs, prefixes, name);
                    }

                    var cut = delimiter is null ? -1 : name.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
                    if (cut < 0)
                    {
                        blobs.Add(_blobs[name]);
                        continue;
                    }

                    prefixes.Add(name[..(cut + delimiter!.Length)]);
                    skipTo = prefixes[^1] + "\uffff";
                    break;
                }

                if (skipTo is null)
                {
                    return (blobs, prefixes, null);
                }

                at = skipTo;
            }
        }
    }
}
