using System.Collections.Immutable;
using System.Text;
using Google.Protobuf;
using MeshGrains.Agent.Svids;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.KeyStore;

/// <summary>
/// The state as bytes. Counts and lengths are checked against what is there, since a later version may have written it; who may write it at all, the seal decides.
/// Certificates of CAs are written once.
/// </summary>
internal static class StateCodec
{
    private const int MaxItems = 1_000_000;

    public static byte[] Write(AgentSnapshot snapshot, DateTimeOffset now)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(now.UtcTicks);
        writer.Write(snapshot.DenialNumber);
        Strings(writer, snapshot.TaintedAuthorities);

        // The bootstrap bundle (number 0) is in the configuration; what is kept was pushed.
        var bundles = snapshot.Bundles.Values.Where(bundle => bundle.Number > 0).ToList();
        writer.Write(bundles.Count);
        foreach (var bundle in bundles)
        {
            writer.Write(bundle.TrustDomain.Name);
            writer.Write(bundle.Number);
            Blob(writer, bundle.Bundle.WriteJwks());
        }

        writer.Write(snapshot.Entries.Entries.Count);
        foreach (var entry in snapshot.Entries.Entries.Values)
        {
            writer.Write(entry.Id);
            writer.Write(entry.SpiffeId);
            Strings(writer, entry.Selectors);
            writer.Write(entry.Hint);
            Strings(writer, entry.FederatesWith);
            writer.Write(entry.CreatedAt);
            writer.Write(entry.Revision);
        }

        var issuers = new Dictionary<string, int>(StringComparer.Ordinal);
        var chains = snapshot.Svids.Values.SelectMany(svid => svid.Chain.Skip(1)).Where(ca => issuers.TryAdd(Key(ca), issuers.Count)).ToList();
        writer.Write(chains.Count);
        chains.ForEach(ca => Blob(writer, ca.Span));
        writer.Write(snapshot.Svids.Count);
        foreach (var svid in snapshot.Svids.Values)
        {
            writer.Write(svid.EntryId);
            writer.Write(svid.SpiffeId);
            Blob(writer, svid.Chain[0].Span);
            writer.Write(svid.Chain.Length - 1);
            foreach (var ca in svid.Chain.Skip(1))
            {
                writer.Write(issuers[Key(ca)]);
            }

            Blob(writer, svid.Key);
            writer.Write(svid.IssuerAuthorityId);
            writer.Write(svid.NotAfter.UtcTicks);
            writer.Write(svid.RenewAt.UtcTicks);
        }

        // At the end, and only where there are some: an agent from before lists reads all other states.
        if (snapshot.Crls is { IsEmpty: false } crls)
        {
            writer.Write(crls.TrustDomain.Name);
            writer.Write(crls.Lists.Length);
            foreach (var list in crls.Lists)
            {
                Blob(writer, list.Span);
            }
        }

        writer.Flush();
        var content = bytes.ToArray();
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes.GetBuffer());
        return content;
    }

    /// <exception cref="FormatException">These are no such bytes.</exception>
    public static SavedState Read(byte[] content)
    {
        using var bytes = new MemoryStream(content, writable: false);
        using var reader = new BinaryReader(bytes, Encoding.UTF8);
        try
        {
            var writtenAt = Moment(reader);
            var denials = reader.ReadInt64();
            var tainted = Strings(reader);
            var bundles = List(reader, () => BundleOf(TrustDomain.Parse(reader.ReadString()), reader.ReadInt64(), Blob(reader)));
            var entries = List(reader, () => new AgentEntry(
                reader.ReadString(), reader.ReadString(), Strings(reader), reader.ReadString(), Strings(reader), reader.ReadInt64(), reader.ReadInt64()));
            var issuers = List(reader, () => (ReadOnlyMemory<byte>)Blob(reader));
            var svids = List(reader, () => new WorkloadSvid(
                reader.ReadString(), reader.ReadString(), [Blob(reader), .. List(reader, () => issuers[reader.ReadInt32()])], Blob(reader), reader.ReadString(),
                Moment(reader), Moment(reader)));
            var crls = bytes.Position < bytes.Length ? CrlsOf(TrustDomain.Parse(reader.ReadString()), List(reader, () => Blob(reader))) : null;
            return bytes.Position == bytes.Length ? new SavedState(entries, svids, bundles, tainted, denials, writtenAt, crls) : throw new FormatException("There is more than was written.");
        }
        catch (Exception failure) when (failure is IOException or ArgumentException or IndexOutOfRangeException)
        {
            throw new FormatException("It does not end where it says.", failure);
        }
    }

    private static TrustBundle BundleOf(TrustDomain trustDomain, long number, byte[] jwks) =>
        SpiffeBundle.TryRead(jwks, trustDomain, out var bundle, out var error) ? new TrustBundle(bundle, number) : throw new FormatException(error);

    private static CrlSet CrlsOf(TrustDomain trustDomain, ImmutableArray<byte[]> lists) =>
        CrlSet.TryRead(trustDomain, new RevocationLists { Crls = { lists.Select(list => ByteString.CopyFrom(list)) } }, out var crls, out var problem)
            ? crls : throw new FormatException(problem);

    private static string Key(ReadOnlyMemory<byte> certificate) => Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(certificate.Span));

    private static DateTimeOffset Moment(BinaryReader reader) => new(reader.ReadInt64(), TimeSpan.Zero);

    private static void Blob(BinaryWriter writer, ReadOnlySpan<byte> bytes)
    {
        writer.Write(bytes.Length);
        writer.Write(bytes);
    }

    private static byte[] Blob(BinaryReader reader)
    {
        var length = Count(reader);
        var bytes = reader.ReadBytes(length);
        return bytes.Length == length ? bytes : throw new EndOfStreamException();
    }

    private static void Strings(BinaryWriter writer, IReadOnlyCollection<string> texts)
    {
        writer.Write(texts.Count);
        foreach (var text in texts)
        {
            writer.Write(text);
        }
    }

    private static ImmutableArray<string> Strings(BinaryReader reader) => List(reader, reader.ReadString);

    private static ImmutableArray<T> List<T>(BinaryReader reader, Func<T> read)
    {
        var count = Count(reader);
        var items = ImmutableArray.CreateBuilder<T>(Math.Min(count, 1024));
        for (var i = 0; i < count; i++)
        {
            items.Add(read());
        }

        return items.ToImmutable();
    }

    private static int Count(BinaryReader reader) => reader.ReadInt32() is >= 0 and <= MaxItems and var count ? count : throw new FormatException("A count is out of bounds.");
}
