using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace MeshGrains.Gateway.Acme;

/// <summary>The key of an ACME account, P-256, and what it signs: JSON web signatures (RFC 7515) in the flattened form.</summary>
internal sealed class AcmeAccountKey : IDisposable
{
    private readonly ECDsa _key;
    private readonly string _jwk;

    private AcmeAccountKey(ECDsa key)
    {
        _key = key;
        var point = key.ExportParameters(includePrivateParameters: false).Q;

        // In the order that the thumbprint wants (RFC 7638 section 3.2).
        _jwk = $$"""{"crv":"P-256","kty":"EC","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}""";
        Thumbprint = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(_jwk)));
    }

    public string Thumbprint { get; }

    public static AcmeAccountKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <exception cref="CryptographicException">It is no P-256 key.</exception>
    public static AcmeAccountKey Import(ReadOnlySpan<byte> pkcs8)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out _);
            return key.KeySize == 256 ? new AcmeAccountKey(key) : throw new CryptographicException("An ACME account's key is P-256 here.");
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    public byte[] Export() => _key.ExportPkcs8PrivateKey();

    public string KeyAuthorization(string token) => $"{token}.{Thumbprint}";

    /// <summary>A request's body. An empty payload asks without changing anything (POST-as-GET).</summary>
    /// <param name="payload">JSON.</param>
    /// <param name="url">Where it goes.</param>
    /// <param name="nonce">The CA's last.</param>
    /// <param name="account">The account's URL; null while there is none, and the key itself goes along.</param>
    public byte[] Sign(string payload, Uri url, string nonce, Uri? account)
    {
        var head = Head("ES256", url, nonce, account?.AbsoluteUri);
        return Flatten(head, payload, input => _key.SignData(input, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    /// <summary>The binding to an account that the CA knows otherwise (RFC 8555 section 7.3.4).</summary>
    public string BindTo(string keyId, byte[] macKey, Uri newAccount) =>
        Encoding.UTF8.GetString(Flatten(Head("HS256", newAccount, nonce: null, keyId), _jwk, input => HMACSHA256.HashData(macKey, input)));

    public void Dispose() => _key.Dispose();

    private string Head(string algorithm, Uri url, string? nonce, string? keyId)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("alg", algorithm);
            if (keyId is not null)
            {
                json.WriteString("kid", keyId);
            }
            else
            {
                json.WritePropertyName("jwk");
                json.WriteRawValue(_jwk);
            }

            if (nonce is not null)
            {
                json.WriteString("nonce", nonce);
            }

            json.WriteString("url", url.AbsoluteUri);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static byte[] Flatten(string head, string payload, Func<byte[], byte[]> sign)
    {
        var (encodedHead, encodedPayload) = (Encode(head), Encode(payload));
        var signature = sign(Encoding.ASCII.GetBytes($"{encodedHead}.{encodedPayload}"));
        return Encoding.ASCII.GetBytes($$"""{"protected":"{{encodedHead}}","payload":"{{encodedPayload}}","signature":"{{Base64Url.EncodeToString(signature)}}"}""");
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
