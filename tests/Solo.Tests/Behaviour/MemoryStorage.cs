using System.Collections.Concurrent;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace MeshGrains.Solo.Tests.Behaviour;

/// <summary>Grain state in memory with compare-and-swap by ETag; outlives a host that uses it.</summary>
public sealed class MemoryStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(string, GrainId), (object? State, int Version)> _records = new();

    /// <summary>Names of grain keys whose records cannot be read.</summary>
    public ConcurrentDictionary<string, byte> Unreadable { get; } = new();

    public int Writes { get; private set; }

    /// <summary>Writes behind the back of every activation.</summary>
    public void Touch(string stateName, GrainId grainId) =>
        _records.AddOrUpdate((stateName, grainId), (null, 1), (_, old) => (old.State, old.Version + 1));

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (Unreadable.ContainsKey(grainId.Key.ToString()!))
        {
            throw new IOException("The disk is gone.");
        }

        if (_records.TryGetValue((stateName, grainId), out var found))
        {
            (grainState.State, grainState.ETag, grainState.RecordExists) = ((T)found.State!, $"{found.Version}", true);
        }

        return Task.CompletedTask;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var state = grainState.State;
        await Task.Yield();
        var next = Expect(stateName, grainId, grainState) + 1;
        _records[(stateName, grainId)] = (state, next);
        Writes++;
        (grainState.ETag, grainState.RecordExists) = ($"{next}", true);
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        Expect(stateName, grainId, grainState);
        _records.TryRemove((stateName, grainId), out _);
        (grainState.ETag, grainState.RecordExists) = (null, false);
        return Task.CompletedTask;
    }

    private int Expect<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var version = _records.TryGetValue((stateName, grainId), out var found) ? found.Version : 0;
        return grainState.ETag == (version == 0 ? null : $"{version}")
            ? version
            : throw new InconsistentStateException($"{grainId} was written by another.", $"{version}", grainState.ETag);
    }
}
