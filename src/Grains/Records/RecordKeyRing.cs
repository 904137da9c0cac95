using System.Security.Cryptography;
using MeshGrains.Keys;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Grains;

/// <summary>
/// Unwraps the record key at start, and makes it at the very first one: name recorded, key made, data key wrapped, all by compare-and-swap,
/// so that a crash anywhere is picked up where it stopped. While the key manager is away it keeps asking, with jitter.
/// </summary>
public sealed partial class RecordKeyRing(
    IRecordKeyStore store,
    IKeyManager keys,
    RecordAuthenticator authenticator,
    IRandomSource random,
    TimeProvider time,
    ILogger<RecordKeyRing> logger) : BackgroundService
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when trust-bearing records can be read and written.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The last failure's words while the key is not there; null otherwise.</summary>
    public string? WaitingFor { get; private set; } = "the record key has not been asked for yet";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var retry = FirstRetry;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                authenticator.Provide(await ObtainAsync(stoppingToken));
                WaitingFor = null;
                _ready.TrySetResult();
                return;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // The key manager, the store, or a lost race: whatever it was, nothing but another try can help a process that has no key.
                WaitingFor = failure.Message;
                LogWaiting(logger, failure.Message, retry.TotalSeconds);
            }

            await time.PauseAsync(retry * random.NextJitter(0.2), stoppingToken);
            retry = retry * 2 < LastRetry ? retry * 2 : LastRetry;
        }
    }

    private async Task<byte[]> ObtainAsync(CancellationToken cancellationToken)
    {
        var stored = await store.ReadAsync(cancellationToken) ?? await RecordNameAsync(cancellationToken);
        if (stored is { KeyReference: null } or { Wrapped: null })
        {
            stored = await MakeAsync(stored, cancellationToken);
        }

        return await keys.UnwrapAsync(new KeyReference(stored.KeyReference!), Convert.FromBase64String(stored.Wrapped!), cancellationToken);
    }

    private async Task<WrappedRecordKey> RecordNameAsync(CancellationToken cancellationToken)
    {
        var named = new WrappedRecordKey($"meshgrains-records-{random.NewId()[..12]}", null, null);
        return await store.TryWriteAsync(null, named, cancellationToken) ? named : await ReadWinnerAsync(cancellationToken);
    }

    private async Task<WrappedRecordKey> MakeAsync(WrappedRecordKey named, CancellationToken cancellationToken)
    {
        var key = await keys.FindAsync(named.WrappingKeyName, cancellationToken)
            ?? await keys.CreateAsync(named.WrappingKeyName, KeyAlgorithm.Rsa3072, KeyPurpose.Wrap, cancellationToken);
        var dataKey = new byte[32];
        random.Fill(dataKey);
        var wrapped = await keys.WrapAsync(key.Reference, dataKey, cancellationToken);
        CryptographicOperations.ZeroMemory(dataKey);
        var made = named with { KeyReference = key.Reference.Value, Wrapped = Convert.ToBase64String(wrapped) };
        return await store.TryWriteAsync(named, made, cancellationToken) ? made : await ReadWinnerAsync(cancellationToken);
    }

    private async Task<WrappedRecordKey> ReadWinnerAsync(CancellationToken cancellationToken)
    {
        var winner = await store.ReadAsync(cancellationToken);
        return winner is { KeyReference: not null, Wrapped: not null }
            ? winner
            : throw new RecordConflictException("record-key", "another process is making the record key; asking again.");
    }

    [LoggerMessage(EventId = 100, Level = LogLevel.Warning,
        Message = "The record key is not unwrapped yet ({Reason}); nothing can be issued until it is. Asking again in {Seconds:0.0} s.")]
    private static partial void LogWaiting(ILogger logger, string reason, double seconds);
}
