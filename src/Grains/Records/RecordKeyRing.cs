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

    /// <summary>Who recorded a name makes the key within this time, or is taken for dead.</summary>
    private static readonly TimeSpan MadeWithin = TimeSpan.FromSeconds(15);

    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private string? _named;
    private (string Name, long Since) _foreign = ("", 0);

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
        var named = NewName();
        return await store.TryWriteAsync(null, named, cancellationToken) ? named : await ReadWinnerAsync(cancellationToken);
    }

    private WrappedRecordKey NewName()
    {
        _named = $"meshgrains-records-{random.NewId()[..12]}";
        return new WrappedRecordKey(_named, null, null);
    }

    private async Task<WrappedRecordKey> MakeAsync(WrappedRecordKey named, CancellationToken cancellationToken)
    {
        var key = await keys.FindAsync(named.WrappingKeyName, cancellationToken);
        if (key is null)
        {
            if (named.WrappingKeyName != _named)
            {
                named = await TakeOverAsync(named, cancellationToken);
            }

            key = await keys.CreateAsync(named.WrappingKeyName, KeyAlgorithm.Rsa3072, KeyPurpose.Wrap, cancellationToken);
        }

        var dataKey = new byte[32];
        random.Fill(dataKey);
        var wrapped = await keys.WrapAsync(key.Reference, dataKey, cancellationToken);
        CryptographicOperations.ZeroMemory(dataKey);
        var made = named with { KeyReference = key.Reference.Value, Wrapped = Convert.ToBase64String(wrapped) };
        return await store.TryWriteAsync(named, made, cancellationToken) ? made : await ReadWinnerAsync(cancellationToken);
    }

    /// <summary>
    /// Another process recorded this name and may be making the key at this very moment: two would make two. Only when it has not for long is it
    /// dead, and a name of this process takes the place of its own, so that a key which it makes late is nobody's.
    /// </summary>
    private async Task<WrappedRecordKey> TakeOverAsync(WrappedRecordKey named, CancellationToken cancellationToken)
    {
        if (_foreign.Name != named.WrappingKeyName)
        {
            _foreign = (named.WrappingKeyName, time.GetTimestamp());
        }

        if (time.GetElapsedTime(_foreign.Since) < MadeWithin)
        {
            throw new RecordConflictException("record-key", "another process is making the record key; asking again.");
        }

        var mine = NewName();
        return await store.TryWriteAsync(named, mine, cancellationToken)
            ? mine
            : throw new RecordConflictException("record-key", "another process is making the record key; asking again.");
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
