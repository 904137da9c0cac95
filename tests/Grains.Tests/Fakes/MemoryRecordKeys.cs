namespace MeshGrains.Grains.Tests;

internal sealed class MemoryRecordKeys(Faults? faults = null) : IRecordKeyStore
{
    private readonly Faults _faults = faults ?? new Faults();

    public WrappedRecordKey? Stored { get; set; }

    /// <summary>Runs before a write is compared: another process that is faster.</summary>
    public Action<MemoryRecordKeys>? BeforeWrite { get; set; }

    public async ValueTask<WrappedRecordKey?> ReadAsync(CancellationToken cancellationToken) => await _faults.StepAsync("key.read", () => Task.FromResult(Stored));

    public async ValueTask<bool> TryWriteAsync(WrappedRecordKey? expected, WrappedRecordKey next, CancellationToken cancellationToken) =>
        await _faults.StepAsync("key.write", () =>
        {
            BeforeWrite?.Invoke(this);
            if (Stored != expected)
            {
                return Task.FromResult(false);
            }

            Stored = next;
            return Task.FromResult(true);
        });
}
