using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;
using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>Speaks the agent's protocol without the agent's manners: whatever it is told to.</summary>
internal sealed class RawAgent(SiloClient silo, SslStreamCertificateContext? svid = null) : IDisposable
{
    public const string Service = "/meshgrains.agent.v1.NodeAgent/";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly RpcChannel _channel = silo.Channel(svid);

    public static async Task<(AttestResponse Answer, RawAgent Agent)> AttestAsync(SiloClient silo, string token)
    {
        using var newcomer = new RawAgent(silo);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var answer = await newcomer.AttestAsync(token, key);
        return (answer, new RawAgent(silo, Context(answer.Svid, key)));
    }

    public Task<AttestResponse> AttestAsync(string token, ECDsa key, string? name = null) => _channel.UnaryAsync(
        Service + "Attest", new AttestRequest { Csr = Csr(key, name) }, AttestResponse.Parser,
        new RpcCallOptions { Timeout = Patience, Headers = new RpcMetadata { { "authorization", $"Bearer {token}" } } }, CancellationToken.None);

    /// <summary>Attests by evidence; <paramref name="answer"/> is given each challenge and the request's hash.</summary>
    public async Task<AttestResponse> AttestNodeAsync(string attestor, IEnumerable<byte[]> evidence, Func<byte[], byte[], byte[]> answer, ECDsa key)
    {
        var request = new AttestNodeRequest { Attestor = attestor, Csr = Csr(key, null) };
        request.Evidence.AddRange(evidence.Select(part => ByteString.CopyFrom(part)));
        using var call = _channel.Duplex<AttestNodeRequest, AttestNodeResponse>(Service + "AttestNode", AttestNodeResponse.Parser, null, CancellationToken.None);
        await call.WriteAsync(request);
        while (await call.ReadAsync() is { } response)
        {
            if (response.Result is { } result)
            {
                return result;
            }

            await call.WriteAsync(new AttestNodeRequest { Answer = ByteString.CopyFrom(answer(response.Challenge.ToByteArray(), SHA256.HashData(request.Csr.Span))) });
        }

        throw new InvalidOperationException("The attestation ended without a word.");
    }

    public Task<AttestResponse> RenewAsync(ECDsa key, string? name = null) => _channel.UnaryAsync(
        Service + "Renew", new RenewRequest { Csr = Csr(key, name) }, AttestResponse.Parser, new RpcCallOptions { Timeout = Patience }, CancellationToken.None);

    public async Task RenewAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await RenewAsync(key);
    }

    public async Task<IReadOnlyList<IssueResponse.Types.Result>> IssueAsync(params string[] entries)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new IssueRequest();
        request.Items.AddRange(entries.Select(entry => new IssueRequest.Types.Item { EntryId = entry, Csr = Csr(key, null) }));
        return (await _channel.UnaryAsync(Service + "Issue", request, IssueResponse.Parser, new RpcCallOptions { Timeout = Patience }, CancellationToken.None)).Results;
    }

    /// <summary>A stream after its first update.</summary>
    public async Task<RpcDuplexCall<AgentReport, AgentUpdate>> SyncAsync(long bundleNumber = 0)
    {
        var call = _channel.Duplex<AgentReport, AgentUpdate>(Service + "Sync", AgentUpdate.Parser, null, CancellationToken.None);
        await call.WriteAsync(new AgentReport { Version = "raw", BundleNumber = bundleNumber });
        Assert.NotNull(await call.ReadAsync());
        return call;
    }

    /// <summary>
    /// Reads a stream to its end, which must be a refusal for this reason. The HTTP client may tell that it stopped sending before it tells why: then
    /// the reason is in what the silo logs and counts alone.
    /// </summary>
    public static async Task EndedAsync(RpcDuplexCall<AgentReport, AgentUpdate> call, string expected)
    {
        var reason = await RefusedAsync(async () =>
        {
            while (await call.ReadAsync() is not null)
            {
            }
        });
        Assert.Contains(reason, new[] { expected, "Unavailable: A task was canceled." });
    }

    /// <summary>The stable reason that a call is refused with.</summary>
    public static async Task<string> RefusedAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => call().WaitAsync(Patience));
        return refused.Trailers.Get("mesh-reason") ?? $"{refused.StatusCode}: {refused.Detail}";
    }

    public void Dispose() => _channel.Dispose();

    public static ByteString Csr(ECDsa key, string? uri)
    {
        var request = new CertificateRequest("CN=root", key, HashAlgorithmName.SHA256);
        if (uri is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddUri(new Uri(uri));
            request.CertificateExtensions.Add(names.Build());
        }

        return ByteString.CopyFrom(request.CreateSigningRequest());
    }

    public static SslStreamCertificateContext Context(Svid svid, ECDsa key)
    {
        using var bare = X509CertificateLoader.LoadCertificate(svid.Chain[0].Span);
        return SslStreamCertificateContext.Create(
            bare.CopyWithPrivateKey(key), [.. svid.Chain.Skip(1).Select(der => X509CertificateLoader.LoadCertificate(der.Span))], offline: true);
    }
}
