using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Google.Protobuf;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.ControlPlane;

/// <summary>Proves this node to the control plane in the configured way. What it proves by is read at each attempt.</summary>
internal sealed class NodeAttestation(NodeOptions options, TrustDomain trustDomain, InstanceMetadata metadata)
{
    private const int MaxTokenChars = 16 * 1024;
    private const int MaxFileBytes = 64 * 1024;

    /// <exception cref="AttestationException">There is nothing to prove it by.</exception>
    /// <exception cref="RpcException">The control plane refused, or was not reached.</exception>
    public async Task<AttestResponse> AttestAsync(ControlPlaneClient client, byte[] csrDer, CancellationToken cancellationToken)
    {
        var csr = ByteString.CopyFrom(csrDer);
        switch (options.Attestor)
        {
            case "joinToken":
                return await client.AttestAsync(
                    new AttestRequest { Csr = csr }, await TokenAsync(options.JoinTokenFile, "join token", cancellationToken), null, cancellationToken);
            case "k8s":
                var clusterId = options.K8s.ClusterId.Length == 0 ? null : options.K8s.ClusterId;
                return await client.AttestAsync(
                    new AttestRequest { Csr = csr }, await TokenAsync(options.K8s.TokenFile, "service-account token", cancellationToken), clusterId, cancellationToken);
            case "x509pop":
                return await ByCertificateAsync(client, csr, cancellationToken);
            default:
                var request = new AttestNodeRequest { Attestor = "aws_iid", Csr = csr };
                request.Evidence.Add(ByteString.CopyFrom(await metadata.SignedDocumentAsync(cancellationToken)));
                return await client.AttestNodeAsync(request, static _ => throw new AttestationException("bad_answer", "no challenge belongs to this attestation"), cancellationToken);
        }
    }

    private async Task<AttestResponse> ByCertificateAsync(ControlPlaneClient client, ByteString csr, CancellationToken cancellationToken)
    {
        var request = new AttestNodeRequest { Attestor = NodePossession.Attestor, Csr = csr };
        var files = options.X509pop;
        X509Certificate2 node;
        try
        {
            var certificates = await ReadAsync(files.CertificateFile, cancellationToken);
            if (!PemBundle.TryRead(certificates, out var chain, out var error))
            {
                throw new AttestationException("no_certificate", $"{files.CertificateFile}: {error}");
            }

            request.Evidence.AddRange(chain.Select(certificate => ByteString.CopyFrom(certificate.Der.Span)));
            var key = await ReadAsync(files.KeyFile, cancellationToken);
            node = X509Certificate2.CreateFromPem(certificates, key);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new AttestationException("no_certificate", $"the node's certificate and key cannot be used: {failure.Message}", failure);
        }

        using (node)
        {
            return await client.AttestNodeAsync(
                request,
                challenge => challenge.Length == NodePossession.NonceBytes
                    ? NodePossession.Sign(node, NodePossession.Statement(trustDomain.Name, challenge, SHA256.HashData(csr.Span)))
                    : throw new AttestationException("bad_answer", $"the control plane's challenge has {challenge.Length} bytes, not {NodePossession.NonceBytes}"),
                cancellationToken);
        }
    }

    private static async Task<string> TokenAsync(string file, string kind, CancellationToken cancellationToken)
    {
        try
        {
            if (new FileInfo(file) is { Exists: true, Length: > MaxTokenChars })
            {
                throw new AttestationException("no_token", $"{file} is too large for a {kind}");
            }

            var token = (await File.ReadAllTextAsync(file, Encoding.ASCII, cancellationToken)).Trim();
            return token.Length > 0 && token.All(c => c is > ' ' and < '\u007f') ? token
                : throw new AttestationException("no_token", $"{file} holds no {kind}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new AttestationException("no_token", $"the {kind} cannot be read: {failure.Message}", failure);
        }
    }

    private static async Task<string> ReadAsync(string file, CancellationToken cancellationToken) =>
        new FileInfo(file).Length <= MaxFileBytes ? await File.ReadAllTextAsync(file, cancellationToken) : throw new IOException($"{file} is larger than {MaxFileBytes} bytes");
}
