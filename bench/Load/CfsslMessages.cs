using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MeshGrains.Bench;

/// <summary>Requests to cfssl's <c>/api/v1/cfssl/sign</c>, and the check of its answers.</summary>
internal static class CfsslMessages
{
    public static byte[] Request(string authority, string csrPem)
    {
        var body = new JsonObject { ["certificate_request"] = csrPem, ["hosts"] = new JsonArray("client.bench.example"), ["profile"] = "svid" }.ToJsonString();
        return Encoding.ASCII.GetBytes(
            $"POST /api/v1/cfssl/sign HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    }

    /// <summary>Null when the answer holds a certificate for the request's key, else what is wrong.</summary>
    public static string? Check(byte[] csrDer, ReadOnlySpan<byte> answer)
    {
        var start = answer.IndexOf((byte)'{');
        var end = answer.LastIndexOf((byte)'}');
        using var json = JsonDocument.Parse(answer[start..(end + 1)].ToArray());
        var pem = json.RootElement.GetProperty("result").GetProperty("certificate").GetString();
        using var certificate = X509Certificate2.CreateFromPem(pem);
        var asked = CertificateRequest.LoadSigningRequest(csrDer, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.SkipSignatureValidation);
        return certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(asked.PublicKey.ExportSubjectPublicKeyInfo())
            ? null
            : "the certificate is for another key";
    }
}
