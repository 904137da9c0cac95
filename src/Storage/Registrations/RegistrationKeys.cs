using System.Security.Cryptography;
using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>What registrations are found by, and what must be unique among them.</summary>
internal static class RegistrationKeys
{
    /// <summary>Equal for entries of the same identity, parent and set of selectors, whatever their order.</summary>
    public static string Twin(RegistrationEntry entry)
        => Digest([entry.SpiffeId, entry.ParentId, .. entry.Selectors.Select(selector => selector.ToString()).Distinct().Order(StringComparer.Ordinal)]);

    public static string Twin(RegistrationTemplate template) => Digest([template.Source, template.Pattern]);

    /// <summary>
    /// One selector that stands for all: an entry whose selectors are all among some given ones has this one among them too. The longest is
    /// mostly the one that the fewest entries share.
    /// </summary>
    public static string Lead(RegistrationEntry entry)
        => entry.Selectors.Select(selector => selector.ToString()).OrderByDescending(text => text.Length).ThenBy(text => text, StringComparer.Ordinal)
            .FirstOrDefault("");

    /// <summary>SHA-256 over the parts, each with its length before it, in lowercase hex.</summary>
    public static string Digest(IEnumerable<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            hash.AppendData(BitConverter.GetBytes(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(bytes.Length)));
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
