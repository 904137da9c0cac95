using System.Buffers.Text;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Agents;

/// <summary>
/// An EC2 instance by its instance-identity document: PKCS #7 signed data with the document inside, RSA-2048 with SHA-256, as the metadata service gives it
/// at <c>/latest/dynamic/instance-identity/rsa2048</c>, checked against the pinned certificates of AWS. Whoever reads that address on the instance has
/// the document, for good: so an instance attests but once.
/// </summary>
internal sealed class AwsInstanceAttestor(IOptions<NodeAttestationOptions> options, TimeProvider time) : INodeAttestor
{
    private const int MaxEvidence = 16 * 1024;
    private const int MaxFile = 1024 * 1024;

    private static readonly Refusal Unreadable = new(
        RefusalCode.Unauthenticated, "aws_malformed", "The evidence is no instance-identity document in PKCS #7 as /latest/dynamic/instance-identity/rsa2048 gives it.");

    private static readonly Refusal Unsigned = new(
        RefusalCode.Unauthenticated, "aws_signature", "No certificate of nodeAttestation.aws.certificateFile has signed this instance-identity document.");

    private readonly AwsNodeOptions _options = options.Value.Aws;
    private readonly WatchedFile _file = new(options.Value.Aws.CertificateFile, MaxFile, TimeSpan.FromSeconds(10), time);

    public string Name => "aws_iid";

    public bool IsConfigured => _options.CertificateFile.Length > 0;

    public ValueTask<NodeVerdict> AttestAsync(NodeEvidence evidence, Func<byte[], Task<byte[]?>> ask, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Judge(evidence));

    private NodeVerdict Judge(NodeEvidence evidence)
    {
        if (evidence.Parts is not [{ Length: > 0 and <= MaxEvidence } text] || Decode(text) is not { } der)
        {
            return Unreadable;
        }

        if (!SignedDocument.TryRead(der, out var message))
        {
            return Unreadable;
        }

        if (!IsSignedByAws(message))
        {
            return Unsigned;
        }

        return AwsInstanceDocument.TryRead(message.Content, out var document) ? Judge(document) : Unreadable;
    }

    private NodeVerdict Judge(AwsInstanceDocument document)
    {
        if (!_options.Accounts.Contains(document.AccountId) || !_options.Regions.Contains(document.Region))
        {
            return new Refusal(
                RefusalCode.PermissionDenied, "node_not_allowed", "nodeAttestation.aws admits neither instances of this account nor of this region, or one of the two.",
                $"account {document.AccountId}, region {document.Region}, instance {document.InstanceId}");
        }

        return new AttestedNode(
            $"{Name}/{document.AccountId}/{document.Region}/{document.InstanceId}",
            [
                new(Name, $"account:id:{document.AccountId}"), new(Name, $"region:{document.Region}"), new(Name, $"instance:id:{document.InstanceId}"),
                .. document.AvailabilityZone is { } zone ? [new Selector(Name, $"az:{zone}")] : Array.Empty<Selector>(),
                .. document.ImageId is { } image ? [new Selector(Name, $"image:id:{image}")] : Array.Empty<Selector>(),
            ],
            Once: true);
    }

    /// <summary>By a certificate of the file, whatever the message brought along.</summary>
    private bool IsSignedByAws(SignedDocument message)
    {
        if (!PemBundle.TryRead(Encoding.UTF8.GetString(_file.Read()), out var pinned, out _))
        {
            return false;
        }

        var now = time.GetUtcNow();
        foreach (var one in pinned.Where(one => one.SerialHex.TrimStart('0') == message.SignerSerial.TrimStart('0') && one.NotBefore <= now && one.NotAfter > now))
        {
            using var certificate = X509CertificateLoader.LoadCertificate(one.Der.Span);
            using var key = certificate.GetRSAPublicKey();
            if (key is { KeySize: >= 2048 and <= 4096 } && message.IsSignedBy(key))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>DER, or base64 in lines with or without PEM's marks; null when it is neither.</summary>
    private static byte[]? Decode(byte[] evidence)
    {
        if (evidence[0] == 0x30)
        {
            return evidence;
        }

        var text = Encoding.ASCII.GetString(evidence).Replace("-----BEGIN PKCS7-----", "", StringComparison.Ordinal)
            .Replace("-----END PKCS7-----", "", StringComparison.Ordinal);
        var buffer = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        return Convert.TryFromBase64String(text, buffer, out var length) && length > 0 ? buffer[..length] : null;
    }
}
