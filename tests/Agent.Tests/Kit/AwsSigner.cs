using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>
/// Signs instance-identity documents in AWS's form: PKCS #7 without certificates, the document inside, RSA-2048 with SHA-256, BER of indefinite length,
/// base64 in lines. OpenSSL makes it, as AWS's own guide has it checked by OpenSSL. The key is the test's: AWS's own is not to be had.
/// </summary>
internal sealed class AwsSigner : IDisposable
{
    private readonly TempDirectory _folder = new();

    public AwsSigner(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"C=US,ST=Washington State,L=Seattle,O={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(10));
        CertificateFile = _folder.File("aws.pem");
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(_folder.File("key.pem"), key.ExportPkcs8PrivateKeyPem());
    }

    public string CertificateFile { get; }

    public static string Document(string instance, string account = "123456789012", string region = "eu-west-1") => $$"""
        {
          "accountId" : "{{account}}",
          "architecture" : "x86_64",
          "availabilityZone" : "{{region}}b",
          "billingProducts" : null,
          "devpayProductCodes" : null,
          "marketplaceProductCodes" : null,
          "imageId" : "ami-5fb8c835",
          "instanceId" : "{{instance}}",
          "instanceType" : "t3.micro",
          "kernelId" : null,
          "pendingTime" : "2026-11-19T16:32:11Z",
          "privateIp" : "10.158.112.84",
          "ramdiskId" : null,
          "region" : "{{region}}",
          "version" : "2017-09-30"
        }
        """;

    /// <summary>DER or BER of the signed data, as the options of OpenSSL say.</summary>
    public byte[] Sign(string document, params string[] options)
    {
        var (input, output) = (_folder.File("document"), _folder.File("signed"));
        File.WriteAllText(input, document);
        Tool.Run(
            Tool.Require("openssl", "openssl"),
            [
                "smime", "-sign", "-binary", "-nodetach", "-md", "sha256", "-in", input, "-signer", CertificateFile, "-inkey", _folder.File("key.pem"),
                "-outform", "DER", "-out", output, .. options.Length == 0 ? ["-nocerts", "-indef"] : options,
            ]).EnsureSuccess();
        return File.ReadAllBytes(output);
    }

    /// <summary>As the metadata service answers.</summary>
    public string Answer(string document) => Convert.ToBase64String(Sign(document), Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\n");

    public void Dispose() => _folder.Dispose();
}
