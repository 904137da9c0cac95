namespace MeshGrains.Grains.Tests;

/// <summary>
/// Fails chosen steps of everything that a grain touches: before the step (nothing happened) or after it (it happened and the reply was lost).
/// Steps are counted in the order of the calls, from 1.
/// </summary>
internal sealed class Faults
{
    private readonly Lock _gate = new();
    private readonly List<(Func<int, string, bool> Hits, bool After, Exception Failure)> _armed = [];
    private int _step;

    /// <summary>Names of the steps so far.</summary>
    public List<string> Steps { get; } = [];

    public void Reset()
    {
        lock (_gate)
        {
            _armed.Clear();
            Steps.Clear();
            _step = 0;
        }
    }

    public void FailStep(int step, bool after) => Arm((at, _) => at == step, after, null);

    /// <summary>Fails the next <paramref name="times"/> steps of this name.</summary>
    public void FailNext(string name, bool after = false, int times = 1, Exception? failure = null)
    {
        var left = times;
        Arm((_, step) => step == name && left-- > 0, after, failure);
    }

    public async Task<T> StepAsync<T>(string name, Func<Task<T>> act)
    {
        Exception? before, after;
        lock (_gate)
        {
            _step++;
            Steps.Add(name);
            before = Hit(name, after: false);
            after = Hit(name, after: true);
        }

        if (before is not null)
        {
            throw before;
        }

        var result = await act();
        return after is null ? result : throw after;
    }

    public Task StepAsync(string name, Action act) => StepAsync(name, () =>
    {
        act();
        return Task.FromResult(true);
    });

    private void Arm(Func<int, string, bool> hits, bool after, Exception? failure)
    {
        lock (_gate)
        {
            _armed.Add((hits, after, failure ?? new IOException("The disk is gone.")));
        }
    }

    private Exception? Hit(string name, bool after)
    {
        foreach (var armed in _armed)
        {
            if (armed.After == after && armed.Hits(_step, name))
            {
                return armed.Failure;
            }
        }

        return null;
    }
}
