using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace MeshGrains.Grains.Tests;

/// <summary>Grain state in memory, as bytes of the real codec, with compare-and-swap and faults.</summary>
internal sealed class MemoryGrainStorage(IStateCodec codec, Faults faults) : IGrainStorage
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (byte[] Bytes, int Version)> _records = [];

    /// <summary>Writes as another process would.</summary>
    public void Overwrite<T>(string key, T state)
    {
        lock (_gate)
        {
            _records[key] = (codec.Encode(state), _records.GetValueOrDefault(key).Version + 1);
        }
    }

    /// <param name="key">As <see cref="GrainId.ToString"/> tells it, such as <c>trust-domain/td.test</c>.</param>
    public T Stored<T>(string key)
    {
        lock (_gate)
        {
            return _records.TryGetValue(key, out var found) ? codec.Decode<T>(found.Bytes) : codec.Empty<T>();
        }
    }

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => faults.StepAsync("state.read", () =>
    {
        lock (_gate)
        {
            var found = _records.TryGetValue(grainId.ToString(), out var record);
            grainState.State = found ? codec.Decode<T>(record.Bytes) : codec.Empty<T>();
            grainState.ETag = found ? $"{record.Version}" : null!;
            grainState.RecordExists = found;
        }
    });

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var bytes = codec.Encode(grainState.State);
        return faults.StepAsync("state.write", () =>
        {
            lock (_gate)
            {
                var version = _records.GetValueOrDefault(grainId.ToString()).Version;
                if (grainState.ETag != (version == 0 ? null : $"{version}"))
                {
                    throw new InconsistentStateException($"{grainId} was written by another.", $"{version}", grainState.ETag);
                }

                _records[grainId.ToString()] = (bytes, version + 1);
                (grainState.ETag, grainState.RecordExists) = ($"{version + 1}", true);
            }
        });
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new NotSupportedException();
}
