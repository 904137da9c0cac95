using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace MeshGrains.Keys;

/// <summary>Counts and times what is asked of a key manager. Meter <c>MeshGrains.Keys</c>.</summary>
internal sealed class MeteredKeyManager(IKeyManager inner, TimeProvider time) : IKeyManager
{
    public const string MeterName = "MeshGrains.Keys";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Calls = Meter.CreateCounter<long>(
        "meshgrains.kms.calls", "{call}", "Operations asked of a key manager, by operation, scheme and result.");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "meshgrains.kms.duration", "s", "How long an operation of a key manager took, retries included.");

    public string Scheme => inner.Scheme;

    public bool IsProductionGrade => inner.IsProductionGrade;

    internal IKeyManager Inner => inner;

    public ValueTask<ManagedKey?> FindAsync(string name, CancellationToken ct) => Measure("find", () => inner.FindAsync(name, ct));

    public ValueTask<ManagedKey> CreateAsync(string name, KeyAlgorithm algorithm, KeyPurpose purpose, CancellationToken ct) =>
        Measure("create", () => inner.CreateAsync(name, algorithm, purpose, ct));

    public ValueTask<ManagedKey> GetAsync(KeyReference key, CancellationToken ct) => Measure("get", () => inner.GetAsync(key, ct));

    public ValueTask<byte[]> SignDigestAsync(KeyReference key, KeyAlgorithm algorithm, ReadOnlyMemory<byte> digest, CancellationToken ct) =>
        Measure("sign", () => inner.SignDigestAsync(key, algorithm, digest, ct));

    public ValueTask<byte[]> WrapAsync(KeyReference key, ReadOnlyMemory<byte> plaintext, CancellationToken ct) =>
        Measure("wrap", () => inner.WrapAsync(key, plaintext, ct));

    public ValueTask<byte[]> UnwrapAsync(KeyReference key, ReadOnlyMemory<byte> wrapped, CancellationToken ct) =>
        Measure("unwrap", () => inner.UnwrapAsync(key, wrapped, ct));

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async ValueTask<T> Measure<T>(string operation, Func<ValueTask<T>> call)
    {
        var started = time.GetTimestamp();
        var result = "ok";
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (KeyManagerException e)
        {
            result = Label(e.Kind);
            throw;
        }
        catch (OperationCanceledException)
        {
            result = "cancelled";
            throw;
        }
        catch
        {
            result = "fault";
            throw;
        }
        finally
        {
            var tags = new TagList { { "operation", operation }, { "scheme", inner.Scheme }, { "result", result } };
            Calls.Add(1, tags);
            Duration.Record(time.GetElapsedTime(started).TotalSeconds, tags);
        }
    }

    private static string Label(KeyManagerError kind) => kind switch
    {
        KeyManagerError.Unavailable => "unavailable",
        KeyManagerError.Throttled => "throttled",
        KeyManagerError.Denied => "denied",
        KeyManagerError.NotFound => "not_found",
        KeyManagerError.Disabled => "disabled",
        KeyManagerError.BudgetExhausted => "budget_exhausted",
        _ => "invalid",
    };
}
