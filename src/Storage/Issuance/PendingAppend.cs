using System.Threading.Tasks.Sources;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>One append on its way: encoded by its caller, written by the log's thread, awaited by the caller; then used again.</summary>
internal sealed class PendingAppend(Action<PendingAppend> giveBack) : IValueTaskSource
{
    private const int KeptCapacity = 2048;

    private ManualResetValueTaskSourceCore<bool> _outcome = new() { RunContinuationsAsynchronously = true };
    private BinaryBuffer _bytes = new(256);
    private Exception? _failure;

    public string TrustDomain { get; private set; } = "";

    public string Issuer { get; private set; } = "";

    public string Serial { get; private set; } = "";

    public long SerialHash { get; private set; }

    public long IdentityHash { get; private set; }

    public long NotAfter { get; private set; }

    public bool IsLeaf { get; private set; }

    public long BundleNumber { get; private set; }

    public ReadOnlySpan<byte> Bytes => _bytes.Written;

    public bool HasFailed => _failure is not null;

    /// <summary>It is in the log already, by an earlier try whose outcome was unknown.</summary>
    public bool IsDone { get; set; }

    public ValueTask Outcome => new(this, _outcome.Version);

    /// <exception cref="ArgumentException">A field is outside its bounds.</exception>
    public void Fill(IssuanceRecord record)
    {
        _bytes.Clear();
        IssuanceRecordEncoding.Write(_bytes, record);
        TrustDomain = record.TrustDomain;
        Issuer = record.IssuerAuthorityId;
        Serial = record.Serial;
        SerialHash = LogHash.Serial(record.TrustDomain, record.Serial);
        IdentityHash = LogHash.Identity(record.SpiffeId);
        NotAfter = record.Kind == IssuanceRecordKind.X509Svid ? record.NotAfter.ToUnixTimeSeconds() : 0;
        IsLeaf = record.Kind == IssuanceRecordKind.X509Svid;
        BundleNumber = record.BundleNumber;
    }

    /// <summary>True when the record has exactly these bytes.</summary>
    public bool IsSameAs(IssuanceRecord record)
    {
        var bytes = new BinaryBuffer(256);
        IssuanceRecordEncoding.Write(bytes, record);
        return bytes.Written.SequenceEqual(Bytes);
    }

    public LogEntry ToEntry(int shard) => new(SerialHash, IdentityHash, NotAfter, shard);

    public void Fail(Exception failure) => _failure ??= failure;

    /// <summary>Lets the caller go on. Nothing of this object may be touched afterwards.</summary>
    public void Complete()
    {
        if (_failure is { } failure)
        {
            _outcome.SetException(failure);
        }
        else
        {
            _outcome.SetResult(true);
        }
    }

    /// <summary>Makes it ready for another append.</summary>
    public void Recycle()
    {
        _failure = null;
        IsDone = false;
        if (_bytes.Capacity > KeptCapacity)
        {
            _bytes = new BinaryBuffer(256);
        }

        _outcome.Reset();
        giveBack(this);
    }

    void IValueTaskSource.GetResult(short token)
    {
        try
        {
            _outcome.GetResult(token);
        }
        finally
        {
            Recycle();
        }
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _outcome.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _outcome.OnCompleted(continuation, state, token, flags);
}
