using System.Collections.Concurrent;
using System.Security.Cryptography;
using MeshGrains.Gateway.Serving;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// Judges the client certificates that relays hand on. A verdict is kept for a minute under the same bundle, since a relayed connection brings its
/// chain with every call; how long the certificate itself holds is looked at for every call anyway.
/// </summary>
internal sealed class RelayedClients(ClientCertificateCheck check, IClientTrust trust, TimeProvider time)
{
    private const int MostKept = 4096;
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Verdict> _kept = new(StringComparer.Ordinal);

    public (ParsedClientChain? Client, string? Error) Validate(IReadOnlyList<byte[]> chain)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var der in chain)
        {
            hash.AppendData(BitConverter.GetBytes(der.Length));
            hash.AppendData(der);
        }

        var key = Convert.ToHexStringLower(hash.GetHashAndReset());
        var bundle = trust.Bundle;
        if (_kept.TryGetValue(key, out var known) && ReferenceEquals(known.Bundle, bundle) && time.GetElapsedTime(known.At) < KeptFor
            && known.Client.Until > time.GetUtcNow())
        {
            return (known.Client, null);
        }

        var (client, error) = check.Validate(chain[0], [.. chain.Skip(1).Select(der => (ReadOnlyMemory<byte>)der)]);
        if (client is null)
        {
            _kept.TryRemove(key, out _);
            return (null, error);
        }

        if (_kept.Count >= MostKept)
        {
            MakeRoom(bundle);
        }

        _kept[key] = new Verdict(client, bundle, time.GetTimestamp());
        return (client, null);
    }

    /// <summary>Lets go what serves no more, and an eighth of the rest where that does not do: the others need not all be judged anew at once.</summary>
    private void MakeRoom(SpiffeBundle? bundle)
    {
        foreach (var (key, verdict) in _kept)
        {
            if (!ReferenceEquals(verdict.Bundle, bundle) || time.GetElapsedTime(verdict.At) >= KeptFor)
            {
                _kept.TryRemove(key, out _);
            }
        }

        if (_kept.Count >= MostKept)
        {
            foreach (var (key, _) in _kept.Take(MostKept / 8))
            {
                _kept.TryRemove(key, out _);
            }
        }
    }

    private sealed record Verdict(ParsedClientChain Client, SpiffeBundle? Bundle, long At);
}
