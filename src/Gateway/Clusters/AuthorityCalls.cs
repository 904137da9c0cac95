using MeshGrains.Gateway.Agents;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Wire = MeshGrains.Rpc.Authority;

namespace MeshGrains.Gateway.Clusters;

/// <summary><c>meshgrains.authority.v1.ClusterAuthority</c> at the home. Who calls is told by the connection's certificate; whoever is not listed is refused.</summary>
internal sealed class AuthorityCalls(
    IGrainFactory grains, MemberClusters members, DenialReplica denials, MeshScope scope, IOptions<AuthorityOptions> authority, IRandomSource random, TimeProvider time,
    IHostApplicationLifetime process, ILogger<AuthorityCalls> logger)
{
    public const string Service = "/meshgrains.authority.v1.ClusterAuthority/";

    /// <summary>A change of the bundle is told at once; whatever else changes in the record, within this time.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LongestJwtLife = TimeSpan.FromDays(366);

    private static readonly Access Members = Access.GrpcOn(ListenerKinds.Authority);

    private ITrustDomainGrain TrustDomain => grains.GetGrain<ITrustDomainGrain>(scope.TrustDomain.Name);

    public void Map(WebApplication app)
    {
        var api = app.MapGroup("").WithMetadata(Members);
        api.MapGrpcUnary<Wire.FetchRequest, Wire.Record>(Service + "Fetch", Wire.FetchRequest.Parser, (_, context) => AnswerAsync(context, _ => RecordAsync()));
        api.MapGrpcServerStreaming<Wire.FetchRequest, Wire.Record>(Service + "Watch", Wire.FetchRequest.Parser, (_, records, context) => WatchAsync(records, context));
        api.MapGrpcServerStreaming<Wire.FetchRequest, Wire.DenialsPart>(
            Service + "WatchDenials", Wire.FetchRequest.Parser, (_, parts, context) => WatchDenialsAsync(parts, context));
        api.MapGrpcUnary<Wire.CertifyRequest, Wire.CertifyResponse>(
            Service + "Certify", Wire.CertifyRequest.Parser, (request, context) => AnswerAsync(context, cluster => CertifyAsync(request, cluster)));
        api.MapGrpcUnary<Wire.ReportRequest, Wire.ReportResponse>(
            Service + "Report", Wire.ReportRequest.Parser, (request, context) => AnswerAsync(context, cluster => ReportAsync(request, cluster)));
        api.MapGrpcUnary<Wire.PublishJwtAuthorityRequest, Wire.PublishJwtAuthorityResponse>(
            Service + "PublishJwtAuthority", Wire.PublishJwtAuthorityRequest.Parser, (request, context) => AnswerAsync(context, cluster => PublishAsync(request, cluster)));
        api.MapGrpcUnary<Wire.WithdrawJwtAuthorityRequest, Wire.WithdrawJwtAuthorityResponse>(
            Service + "WithdrawJwtAuthority", Wire.WithdrawJwtAuthorityRequest.Parser, (request, context) => AnswerAsync(context, cluster => WithdrawAsync(request, cluster)));
        api.MapGrpcUnary<Wire.WithdrawJwtAuthorityRequest, Wire.PublishJwtAuthorityResponse>(
            Service + "RevokeJwtAuthority", Wire.WithdrawJwtAuthorityRequest.Parser, (request, context) => AnswerAsync(context, cluster => RevokeAsync(request, cluster)));
    }

    private async Task<Wire.Record> RecordAsync() => AuthorityMessages.Record(await TrustDomain.ShareAsync());

    private async Task WatchAsync(RpcResponseWriter<Wire.Record> records, RpcServerContext context)
    {
        using var told = new WakeUp();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, process.ApplicationStopping);
        denials.BundleChanged += OnBundleChanged;
        try
        {
            byte[] sent = [];
            while (!ending.IsCancellationRequested)
            {
                var record = await AnswerAsync(context, _ => TrustDomain.ShareAsync());
                if (!record.AsSpan().SequenceEqual(sent))
                {
                    await records.WriteAsync(AuthorityMessages.Record(record));
                    sent = record;
                }

                await told.PauseAsync(time, LookEvery * random.NextJitter(0.2), ending.Token);
            }
        }
        finally
        {
            denials.BundleChanged -= OnBundleChanged;
        }

        void OnBundleChanged(long number) => told.Call();
    }

    /// <summary>From what this silo itself refuses by: pushed to it within milliseconds of a change, and read again within a third of the lease.</summary>
    private async Task WatchDenialsAsync(RpcResponseWriter<Wire.DenialsPart> parts, RpcServerContext context)
    {
        using var told = new WakeUp();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, process.ApplicationStopping);
        denials.Changed += OnChanged;
        try
        {
            FollowedDenials? sent = null;
            while (!ending.IsCancellationRequested)
            {
                var set = await AnswerAsync(context, _ => Task.FromResult(denials.Current?.Set));
                if (set is not null && !(set.Number <= sent?.Number))
                {
                    var next = FollowedDenials.Of(scope.Cluster, set);
                    var same = sent is not null && next.Denials.SequenceEqual(sent.Denials);
                    foreach (var part in same ? [new Wire.DenialsPart { Number = next.Number, Unchanged = true }] : AuthorityMessages.Denials(next))
                    {
                        await parts.WriteAsync(part);
                    }

                    sent = next;
                }

                await told.PauseAsync(time, LookEvery * random.NextJitter(0.2), ending.Token);
            }
        }
        finally
        {
            denials.Changed -= OnChanged;
        }

        void OnChanged(DenialSnapshot snapshot) => told.Call();
    }

    private async Task<Wire.CertifyResponse> CertifyAsync(Wire.CertifyRequest message, string cluster)
    {
        var certified = await members.Grain(cluster).CertifyAsync(
            AuthorityMessages.Request(message), message.TtlSeconds, AuthorityMessages.Paths(message.AllowedPaths));
        ClusterLog.Certified(logger, certified.AuthorityId, message.Silo, cluster, certified.NotAfter);
        return AuthorityMessages.Certified(certified, await TrustDomain.ShareAsync());
    }

    private async Task<Wire.ReportResponse> ReportAsync(Wire.ReportRequest message, string cluster)
    {
        await members.Grain(cluster).HearAsync(AuthorityMessages.Report(message, cluster));
        return new Wire.ReportResponse();
    }

    private async Task<Wire.PublishJwtAuthorityResponse> PublishAsync(Wire.PublishJwtAuthorityRequest message, string cluster)
    {
        var notAfter = AuthorityMessages.Time(message.NotAfterMs);
        if (notAfter > time.GetUtcNow() + LongestJwtLife)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_jwt_authority", "A member's JWT authority lives 366 days at the most.");
        }

        var number = await TrustDomain.PublishJwtAuthorityAsync(new PublishJwtAuthority(
            message.OperationId, new JwtAuthorityView(message.KeyId, cluster, message.SubjectPublicKeyInfo.ToByteArray(), notAfter)));
        return new Wire.PublishJwtAuthorityResponse { BundleNumber = number, Record = await RecordAsync() };
    }

    private async Task<Wire.WithdrawJwtAuthorityResponse> WithdrawAsync(Wire.WithdrawJwtAuthorityRequest message, string cluster)
    {
        var withdrawn = await TrustDomain.WithdrawJwtAuthorityAsync(cluster, message.KeyId, message.OperationId);
        return new Wire.WithdrawJwtAuthorityResponse { Withdrawn = withdrawn, Record = await RecordAsync() };
    }

    private async Task<Wire.PublishJwtAuthorityResponse> RevokeAsync(Wire.WithdrawJwtAuthorityRequest message, string cluster)
    {
        var number = await TrustDomain.RevokeJwtAuthorityAsync(cluster, message.KeyId, message.OperationId);
        return new Wire.PublishJwtAuthorityResponse { BundleNumber = number, Record = await RecordAsync() };
    }

    private async ValueTask<T> AnswerAsync<T>(RpcServerContext context, Func<string, Task<T>> answer)
    {
        var cluster = ConnectionOrigin.Of(context.HttpContext)?.Cluster;
        var refusal = cluster is null || authority.Value.Find(cluster) is null
            ? new Refusal(RefusalCode.PermissionDenied, "unknown_cluster", "The home lists no such cluster.")
            : null;
        if (refusal is null)
        {
            try
            {
                return await answer(cluster!).WaitAsync(context.CancellationToken);
            }
            catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception failure)
            {
                refusal = RefusalMap.Of(failure) ?? RefusalMap.Unforeseen;
                if (refusal.Code == RefusalCode.Internal)
                {
                    ServingLog.RequestFailed(logger, failure, RequestId.Of(context.HttpContext), "POST", context.Method);
                }
            }
        }

        ClusterLog.CallRefused(logger, cluster ?? "?", context.Method, refusal.Reason, refusal.LogDetail ?? refusal.Message);
        throw AgentRefusal.Of(refusal, RequestId.Of(context.HttpContext));
    }
}
