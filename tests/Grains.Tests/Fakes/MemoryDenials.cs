namespace MeshGrains.Grains.Tests;

/// <summary>Denial sets in memory, numbered as the port demands, with faults and a hook for a writer who is faster.</summary>
internal sealed class MemoryDenials(Faults faults) : IDenialStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, DenialSet> _sets = [];

    /// <summary>Runs before a write is compared, once for each write.</summary>
    public Action<MemoryDenials, string>? BeforeWrite { get; set; }

    public List<long> Numbers { get; } = [];

    public DenialSet Stored(string trustDomain)
    {
        lock (_gate)
        {
            return _sets.GetValueOrDefault(trustDomain) ?? DenialSet.Empty;
        }
    }

    /// <summary>Writes as another activation would.</summary>
    public void Force(string trustDomain, DenialSet next)
    {
        lock (_gate)
        {
            if (next.Number == 0 && !_sets.ContainsKey(trustDomain))
            {
                _sets[trustDomain] = next;
                return;
            }

            if (Stored(trustDomain).Number != next.Number - 1)
            {
                throw new RecordConflictException($"denials/{trustDomain}", $"the stored number is {Stored(trustDomain).Number}, not {next.Number - 1}.");
            }

            _sets[trustDomain] = next;
            Numbers.Add(next.Number);
        }
    }

    public async ValueTask<DenialSet> ReadAsync(string trustDomain, CancellationToken cancellationToken) =>
        await faults.StepAsync("denials.read", () => Task.FromResult(Stored(trustDomain)));

    public async ValueTask WriteAsync(string trustDomain, DenialSet next, CancellationToken cancellationToken) => await faults.StepAsync("denials.write", () =>
    {
        BeforeWrite?.Invoke(this, trustDomain);
        Force(trustDomain, next);
    });
}
