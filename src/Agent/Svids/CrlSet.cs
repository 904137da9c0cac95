using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Google.Protobuf;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Svids;

/// <summary>
/// The revocation lists of one trust domain, in the forms in which they are handed out. They are signed, and whoever believes them checks that: of each the agent looks
/// at the form and the end alone.
/// </summary>
internal sealed class CrlSet
{
    /// <summary>Of all lists together, as they come.</summary>
    public const int MaxBytes = 640 * 1024;

    private readonly ImmutableArray<DateTimeOffset> _ends;

    private CrlSet(TrustDomain trustDomain, ImmutableArray<ByteString> lists, ImmutableArray<DateTimeOffset> ends)
    {
        (TrustDomain, Lists, _ends) = (trustDomain, lists, ends);
        Pem = string.Concat(lists.Select(list => PemWriter.Encode("X509 CRL", list.Span)));
        PemBytes = Encoding.ASCII.GetBytes(Pem);
    }

    public TrustDomain TrustDomain { get; }

    /// <summary>DER, in the order in which the control plane tells them.</summary>
    public ImmutableArray<ByteString> Lists { get; }

    /// <summary>One after another; empty without any.</summary>
    public string Pem { get; }

    public byte[] PemBytes { get; }

    public bool IsEmpty => Lists.IsEmpty;

    /// <summary>When the first of them ends; null without any.</summary>
    public DateTimeOffset? FirstEnd => IsEmpty ? null : _ends.Min();

    /// <summary>Never throws for what the bytes hold. <paramref name="problem"/> begins with a stable word and a colon.</summary>
    public static bool TryRead(TrustDomain trustDomain, RevocationLists told, [NotNullWhen(true)] out CrlSet? set, [NotNullWhen(false)] out string? problem)
    {
        set = null;
        var bytes = told.Crls.Sum(list => (long)list.Length);
        if (bytes > MaxBytes)
        {
            problem = $"too_large: they have {bytes} bytes; at most {MaxBytes} are taken.";
            return false;
        }

        var ends = ImmutableArray.CreateBuilder<DateTimeOffset>(told.Crls.Count);
        foreach (var list in told.Crls)
        {
            if (!ParsedCrl.TryRead(list.Memory, out var crl, out var error))
            {
                problem = $"malformed: {error}";
                return false;
            }

            ends.Add(crl.NextUpdate);
        }

        (set, problem) = (new CrlSet(trustDomain, [.. told.Crls], ends.ToImmutable()), null);
        return true;
    }

    /// <summary>Those that have not ended: this very object while none has.</summary>
    public CrlSet At(DateTimeOffset now)
    {
        var standing = Enumerable.Range(0, Lists.Length).Where(i => _ends[i] > now).ToList();
        return standing.Count == Lists.Length ? this : new CrlSet(TrustDomain, [.. standing.Select(i => Lists[i])], [.. standing.Select(i => _ends[i])]);
    }

    public bool HasListsOf(CrlSet other) => Lists.SequenceEqual(other.Lists);
}
