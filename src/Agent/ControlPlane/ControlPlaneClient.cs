using Google.Protobuf;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.ControlPlane;

/// <summary>One gateway, as one identity (or, for the first attestation, as none).</summary>
internal sealed class ControlPlaneClient : ISvidIssuer, IDisposable
{
    public const string ReasonTrailer = "mesh-reason";
    public const string RetryTrailer = "retry-after-ms";

    private const string Service = "/meshgrains.agent.v1.NodeAgent/";
    private readonly RpcChannel _channel;
    private readonly RpcCallOptions _calls;

    public ControlPlaneClient(Uri address, AgentIdentity? identity, GatewayCheck check, ControlPlaneOptions options, TimeProvider time)
    {
        (Address, Identity) = (address, identity);
        _calls = new RpcCallOptions { Timeout = options.Timeout };
        _channel = new RpcChannel(address, new RpcChannelOptions
        {
            Tls = check.Options(address.Host, identity),
            ConnectTimeout = options.Timeout,
            KeepAlivePingDelay = options.KeepAlive,
            KeepAlivePingTimeout = options.KeepAlive,
            MaxReceiveMessageBytes = 16 * 1024 * 1024,
            TimeProvider = time,
        });
    }

    public Uri Address { get; }

    public AgentIdentity? Identity { get; }

    /// <param name="request">With the certificate request.</param>
    /// <param name="token">A secret.</param>
    /// <param name="clusterId">Tells clusters apart that share an issuer's name; null for none.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<AttestResponse> AttestAsync(AttestRequest request, string token, string? clusterId, CancellationToken cancellationToken)
    {
        var headers = new RpcMetadata { { "authorization", $"Bearer {token}" } };
        if (clusterId is not null)
        {
            headers.Add("clusterid", clusterId);
        }

        return _channel.UnaryAsync(Service + "Attest", request, AttestResponse.Parser, _calls with { Headers = headers }, cancellationToken);
    }

    /// <summary>Sends evidence and answers challenges until the result comes.</summary>
    public async Task<AttestResponse> AttestNodeAsync(AttestNodeRequest request, Func<byte[], byte[]> answer, CancellationToken cancellationToken)
    {
        using var call = _channel.Duplex<AttestNodeRequest, AttestNodeResponse>(Service + "AttestNode", AttestNodeResponse.Parser, _calls, cancellationToken);
        try
        {
            await call.WriteAsync(request, cancellationToken);
            while (await call.ReadAsync() is { } response)
            {
                if (response.Result is { } result)
                {
                    return result;
                }

                await call.WriteAsync(new AttestNodeRequest { Answer = ByteString.CopyFrom(answer(response.Challenge.ToByteArray())) }, cancellationToken);
            }
        }
        catch (RpcException failure) when (failure.Trailers.Count == 0)
        {
            // A failed write does not tell why; the end of the answers does.
            while (await call.ReadAsync() is not null)
            {
            }

            throw;
        }

        throw new RpcException(RpcStatusCode.Internal, "The control plane ended the attestation without a result.");
    }

    public Task<AttestResponse> RenewAsync(RenewRequest request, CancellationToken cancellationToken) =>
        _channel.UnaryAsync(Service + "Renew", request, AttestResponse.Parser, _calls, cancellationToken);

    public Task<IssueResponse> IssueAsync(IssueRequest request, CancellationToken cancellationToken) =>
        _channel.UnaryAsync(Service + "Issue", request, IssueResponse.Parser, _calls, cancellationToken);

    public Task<IssueJwtResponse> IssueJwtAsync(IssueJwtRequest request, CancellationToken cancellationToken) =>
        _channel.UnaryAsync(Service + "IssueJwt", request, IssueJwtResponse.Parser, _calls, cancellationToken);

    public RpcDuplexCall<AgentReport, AgentUpdate> Sync(CancellationToken cancellationToken) =>
        _channel.Duplex<AgentReport, AgentUpdate>(Service + "Sync", AgentUpdate.Parser, null, cancellationToken);

    public void Dispose() => _channel.Dispose();

    /// <summary>The stable word of a refusal; empty when it was none of the control plane's.</summary>
    public static string ReasonOf(RpcException failure) => failure.Trailers.Get(ReasonTrailer) ?? "";
}
