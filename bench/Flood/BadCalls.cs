using System.Formats.Asn1;
using System.Security.Cryptography;
using MeshGrains.Testing;

namespace MeshGrains.Bench;

/// <summary>What a flood consists of: calls that have to be refused, each for one reason.</summary>
internal static class BadCalls
{
    private const int OversizedKeyBits = 8192;

    /// <summary>One line for each call: its kind and its token.</summary>
    public static IEnumerable<string> Lines(TestCluster cluster, int ofEachKind)
    {
        for (var i = 0; i < ofEachKind; i++)
        {
            var good = cluster.Token(i % 8);
            yield return $"token {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(300))}";
            yield return $"token {Unsigned(good)}";
            yield return $"token {cluster.Tokens.Create("load", $"account-{i}", new KubernetesTokenOptions { KeyId = $"unknown-{i}" })}";
            yield return $"key {good}";
        }
    }

    /// <summary>The calls of the lines.</summary>
    public static Call[] Read(IEnumerable<string> lines)
    {
        var usual = IstioMessages.Request(CertificateRequests.Make(1)[0]);
        var oversized = IstioMessages.Request(OversizedKeyRequest());
        return [.. lines.Select(line => line.Split(' ')).Select(fields => new Call(Hpack.Bearer(fields[1]), fields[0] == "key" ? oversized : usual, 0))];
    }

    /// <summary>The token with another signature of the right length, so that it has to be verified to be refused.</summary>
    private static string Unsigned(string token)
    {
        var end = token.LastIndexOf('.') + 1;
        var signature = token[end..].ToCharArray();
        Array.Reverse(signature, 0, signature.Length - 1);
        return token[..end] + new string(signature);
    }

    /// <summary>A PKCS #10 request (RFC 2986) with an RSA key twice as long as is allowed.</summary>
    private static byte[] OversizedKeyRequest()
    {
        var modulus = RandomNumberGenerator.GetBytes(OversizedKeyBits / 8);
        modulus[0] |= 0x80;
        modulus[^1] |= 1;
        var key = new AsnWriter(AsnEncodingRules.DER);
        using (key.PushSequence())
        {
            key.WriteIntegerUnsigned(modulus);
            key.WriteInteger(65537);
        }

        var request = new AsnWriter(AsnEncodingRules.DER);
        using (request.PushSequence())
        {
            using (request.PushSequence())
            {
                request.WriteInteger(0);
                using (request.PushSequence())
                {
                }

                using (request.PushSequence())
                {
                    WriteAlgorithm(request, "1.2.840.113549.1.1.1");
                    request.WriteBitString(key.Encode());
                }

                using (request.PushSetOf(new Asn1Tag(TagClass.ContextSpecific, 0)))
                {
                }
            }

            WriteAlgorithm(request, "1.2.840.113549.1.1.11");
            request.WriteBitString(RandomNumberGenerator.GetBytes(OversizedKeyBits / 8));
        }

        return request.Encode();
    }

    private static void WriteAlgorithm(AsnWriter writer, string oid)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            writer.WriteNull();
        }
    }
}
