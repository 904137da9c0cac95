using System.Security.Cryptography;
using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// The bytes of one batch. Its hash is SHA-256 over the hash before it, the format, trust domain, issuer, batch number, first position and
/// count, and then the body: each record's length and canonical bytes.
/// </summary>
internal sealed class LogBatch
{
    private readonly BinaryBuffer _buffer = new(64 * 1024);
    private int _bodyStart;

    public ReadOnlySpan<byte> Body => _buffer.Written[_bodyStart..];

    public void Begin(ReadOnlySpan<byte> previous, string trustDomain, string issuer, long number, long position, int records)
    {
        _buffer.Clear();
        _buffer.Bytes(previous);
        _buffer.Byte(IssuanceRecordEncoding.Format);
        WriteName(trustDomain);
        WriteName(issuer);
        _buffer.Unsigned((ulong)number);
        _buffer.Unsigned((ulong)position);
        _buffer.Unsigned((ulong)records);
        _bodyStart = _buffer.Length;
    }

    public void Add(ReadOnlySpan<byte> record)
    {
        _buffer.Unsigned((ulong)record.Length);
        _buffer.Bytes(record);
    }

    public void AddBody(ReadOnlySpan<byte> body) => _buffer.Bytes(body);

    public void Hash(Span<byte> destination) => SHA256.HashData(_buffer.Written, destination);

    /// <summary>The bytes of record <paramref name="index"/> of a body.</summary>
    /// <exception cref="FormatException">The body does not hold that many.</exception>
    public static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> body, int index)
    {
        var cursor = new BinaryCursor(body);
        for (; index > 0; index--)
        {
            cursor.Bytes(cursor.Length());
        }

        return cursor.Bytes(cursor.Length());
    }

    /// <exception cref="FormatException">The body is malformed or does not hold exactly <paramref name="count"/> records.</exception>
    public static List<IssuanceRecord> Read(ReadOnlySpan<byte> body, int count, string trustDomain, string issuer)
    {
        var cursor = new BinaryCursor(body);
        var records = new List<IssuanceRecord>(Math.Min(count, body.Length));
        while (!cursor.AtEnd)
        {
            records.Add(IssuanceRecordEncoding.Read(cursor.Bytes(cursor.Length()), trustDomain, issuer));
        }

        return records.Count == count ? records : throw new FormatException($"The batch holds {records.Count} records, not {count}.");
    }

    private void WriteName(string name)
    {
        var length = Encoding.UTF8.GetByteCount(name);
        _buffer.Unsigned((ulong)length);
        _buffer.Advance(Encoding.UTF8.GetBytes(name, _buffer.Reserve(length)));
    }
}
