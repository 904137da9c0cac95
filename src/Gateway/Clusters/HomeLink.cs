using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using MeshGrains.Gateway.Agents;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using Microsoft.Extensions.Options;
using Wire = MeshGrains.Rpc.Authority;

namespace MeshGrains.Gateway.Clusters;

/// <summary>A member's link to its home: one channel, made anew when the certificate's files change.</summary>
internal sealed class HomeLink(IClusterCredentials credentials, ClusterTls tls, IOptions<HomeOptions> home, TimeProvider time) : IHomeCluster, IDisposable
{
    /// <summary>What <c>denials.capacity</c> can be at most.</summary>
    private const int MaxDenials = 1_000_000;
    private const int MaxRecordBytes = 16 * 1024 * 1024;

    private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan ShortestLife = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(5);

    private static readonly RpcCallOptions Unary = new() { Timeout = TimeSpan.FromSeconds(8) };

    private readonly Lock _gate = new();
    private (RelayIdentity Identity, RpcChannel Channel)? _held;

    public async Task<byte[]> FetchAsync(CancellationToken cancellationToken) =>
        AuthorityMessages.State(await CallAsync("Fetch", new Wire.FetchRequest(), Wire.Record.Parser, cancellationToken));

    public async IAsyncEnumerable<byte[]> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var call = Channel().ServerStreaming(AuthorityCalls.Service + "Watch", new Wire.FetchRequest(), Wire.Record.Parser, null, cancellationToken);
        while (true)
        {
            Wire.Record? record;
            try
            {
                record = await call.ReadAsync();
            }
            catch (RpcException failure)
            {
                throw Refused(failure);
            }

            if (record is null)
            {
                yield break;
            }

            yield return AuthorityMessages.State(record);
        }
    }

    public async IAsyncEnumerable<FollowedDenials> WatchDenialsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var call = Channel().ServerStreaming(AuthorityCalls.Service + "WatchDenials", new Wire.FetchRequest(), Wire.DenialsPart.Parser, null, cancellationToken);
        var (last, coming) = (ImmutableArray<Denial>.Empty, ImmutableArray.CreateBuilder<Denial>());
        while (true)
        {
            Wire.DenialsPart? part;
            try
            {
                part = await call.ReadAsync();
            }
            catch (RpcException failure)
            {
                throw Refused(failure);
            }

            if (part is null)
            {
                yield break;
            }

            if (!part.Unchanged)
            {
                coming.AddRange(part.Denials.Select(AuthorityMessages.Denial));
                if (coming.Count > MaxDenials)
                {
                    throw new GrainOperationException(RefusalCode.ResourceExhausted, "denials_full", $"The home cluster {home.Value.Cluster} tells more than {MaxDenials} denials.");
                }

                if (part.More)
                {
                    continue;
                }

                last = coming.DrainToImmutable();
            }

            yield return new FollowedDenials(home.Value.Cluster, part.Number, last);
        }
    }

    public async Task<HomeAnswer<CertifiedIssuingCa>> CertifyAsync(IssuingCaRequest request, long ttlSeconds, CancellationToken cancellationToken)
    {
        var answer = await CallAsync(
            "Certify", AuthorityMessages.Certify(request, ttlSeconds, home.Value.AllowedPaths), Wire.CertifyResponse.Parser, cancellationToken);
        return new(AuthorityMessages.Certified(answer), AuthorityMessages.State(answer.Record));
    }

    public async Task<HomeAnswer<long>> PublishJwtAuthorityAsync(PublishJwtAuthority command, CancellationToken cancellationToken)
    {
        var answer = await CallAsync(
            "PublishJwtAuthority",
            new Wire.PublishJwtAuthorityRequest
            {
                OperationId = command.OperationId,
                KeyId = command.Authority.KeyId,
                SubjectPublicKeyInfo = ByteString.CopyFrom(command.Authority.SubjectPublicKeyInfo),
                NotAfterMs = command.Authority.NotAfter.ToUnixTimeMilliseconds(),
            },
            Wire.PublishJwtAuthorityResponse.Parser, cancellationToken);
        return new(answer.BundleNumber, AuthorityMessages.State(answer.Record));
    }

    public async Task<HomeAnswer<bool>> WithdrawJwtAuthorityAsync(string keyId, string operationId, CancellationToken cancellationToken)
    {
        var answer = await CallAsync(
            "WithdrawJwtAuthority", new Wire.WithdrawJwtAuthorityRequest { OperationId = operationId, KeyId = keyId }, Wire.WithdrawJwtAuthorityResponse.Parser,
            cancellationToken);
        return new(answer.Withdrawn, AuthorityMessages.State(answer.Record));
    }

    public async Task<HomeAnswer<long>> RevokeJwtAuthorityAsync(string keyId, string operationId, CancellationToken cancellationToken)
    {
        var answer = await CallAsync(
            "RevokeJwtAuthority", new Wire.WithdrawJwtAuthorityRequest { OperationId = operationId, KeyId = keyId }, Wire.PublishJwtAuthorityResponse.Parser,
            cancellationToken);
        return new(answer.BundleNumber, AuthorityMessages.State(answer.Record));
    }

    public async Task ReportAsync(ClusterReport report, CancellationToken cancellationToken) =>
        await CallAsync("Report", AuthorityMessages.Report(report), Wire.ReportResponse.Parser, cancellationToken);

    public void Dispose()
    {
        lock (_gate)
        {
            _held?.Channel.Dispose();
        }
    }

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        string method, TRequest request, MessageParser<TResponse> parser, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        try
        {
            return await Channel().UnaryAsync(AuthorityCalls.Service + method, request, parser, Unary, cancellationToken);
        }
        catch (RpcException failure)
        {
            throw Refused(failure);
        }
    }

    private RpcChannel Channel()
    {
        var identity = credentials.Current;
        lock (_gate)
        {
            if (_held is { } held && ReferenceEquals(held.Identity, identity))
            {
                return held.Channel;
            }

            // What still runs on the former one fails and is tried again; its connection would not be heard for much longer anyway.
            _held?.Channel.Dispose();
            var left = (identity.NotAfter - time.GetUtcNow()) / 2;
            var life = left < LongestLife ? left : LongestLife;
            var channel = new RpcChannel(new Uri($"https://{home.Value.Address}"), new RpcChannelOptions
            {
                Tls = tls.ClientOptions(identity),
                ConnectTimeout = TimeSpan.FromSeconds(5),
                PooledConnectionLifetime = life > ShortestLife ? life : ShortestLife,
                KeepAlivePingDelay = PingDelay,
                KeepAlivePingTimeout = PingDelay,
                MaxReceiveMessageBytes = MaxRecordBytes,
                TimeProvider = time,
            });
            _held = (identity, channel);
            return channel;
        }
    }

    /// <summary>The home's own word where it said one; everything else is a link that does not work now.</summary>
    private GrainOperationException Refused(RpcException failure)
    {
        var code = failure.StatusCode switch
        {
            RpcStatusCode.InvalidArgument => RefusalCode.InvalidArgument,
            RpcStatusCode.PermissionDenied => RefusalCode.PermissionDenied,
            RpcStatusCode.NotFound => RefusalCode.NotFound,
            RpcStatusCode.Aborted => RefusalCode.Conflict,
            RpcStatusCode.ResourceExhausted => RefusalCode.ResourceExhausted,
            _ => RefusalCode.Unavailable,
        };
        return new GrainOperationException(
            code, failure.Trailers.Get(AgentRefusal.ReasonHeader) ?? "home_unreachable",
            $"The home cluster {home.Value.Cluster} at {home.Value.Address}: {failure.Detail}");
    }
}
