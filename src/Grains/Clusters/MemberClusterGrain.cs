using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Stands for a member at its home: checks its silos' requests, remembers its reports. A report is written when a rotation runs or the last is old.</summary>
[GrainType("member-cluster")]
internal sealed partial class MemberClusterGrain(
    [PersistentState("state", GrainStores.Default)] IPersistentState<MemberClusterState> persistent,
    IGrainFactory grains,
    IMemberSiloAnchors anchors,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<AuthorityOptions> authority,
    IOptions<CaOptions> ca,
    IOptions<SvidOptions> svids,
    IRandomSource random,
    TimeProvider time,
    ILogger<MemberClusterGrain> logger) : Grain, IMemberClusterGrain
{
    private static readonly TimeSpan WrittenEvery = TimeSpan.FromMinutes(1);

    private const int RememberedNumbers = 256;

    private readonly SortedList<long, DateTimeOffset> _held = [];
    private GrainRecord<MemberClusterState> _record = null!;
    private MemberClusterOptions _member = null!;
    private MemberClusterState _heard = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var parts = this.GetPrimaryKeyString().Split('/', 2);
        _member = parts is [var name, var cluster] && name == trustDomain.Value.Name && authority.Value.Find(cluster) is { } listed
            ? listed
            : throw new GrainOperationException(
                RefusalCode.PermissionDenied, "unknown_cluster", $"The home lists no cluster {this.GetPrimaryKeyString()}; name it in authority.clusters.");
        _record = new GrainRecord<MemberClusterState>(persistent, static state => state.OperationId);
        _heard = _record.Committed;
        Remember(_heard);
        return Task.CompletedTask;
    }

    public Task<ClusterStanding> GetAsync() => Task.FromResult(new ClusterStanding(_member.Name, _heard.HeardAt, _heard.Report));

    public Task<DateTimeOffset?> DenialsHeldAsync(long number) =>
        Task.FromResult(_held.Where(held => held.Key >= number).Select(held => (DateTimeOffset?)held.Value).FirstOrDefault());

    public Task<CertifiedIssuingCa> CertifyAsync(IssuingCaRequest request, long ttlSeconds, ImmutableArray<string> paths)
    {
        if (Refusal(request, ttlSeconds, paths) is { } why)
        {
            LogRefused(logger, _member.Name, why);
            throw new GrainOperationException(RefusalCode.PermissionDenied, "silo_refused", $"The silo's request is refused: {why}.");
        }

        return grains.GetGrain<ITrustDomainGrain>(trustDomain.Value.Name).CertifyAsync(new CertifyIssuingCa(
            request.OperationId, _member.Name, request.Silo, request.SubjectPublicKeyInfo, Math.Min(ttlSeconds, (long)ca.Value.IssuingCaTtl.TotalSeconds),
            BudgetPerHour: ca.Value.IssuingCaBudgetPerHour));
    }

    public async Task HearAsync(ClusterReport report)
    {
        await _record.SettleAsync();
        var now = time.GetUtcNow();
        if (!ClusterPaths.Holds(_member.AllowedPaths, report.AllowedPaths))
        {
            LogPaths(logger, _member.Name, string.Join(", ", report.AllowedPaths), string.Join(", ", _member.AllowedPaths));
        }

        var next = _record.Committed with { HeardAt = now, Report = report, OperationId = random.NewId() };
        if (report.Facts is not null || _record.Committed.Report?.Facts is not null || !(_record.Committed.HeardAt + WrittenEvery > now))
        {
            try
            {
                await _record.CommitAsync(next);
            }
            catch (RecordConflictException conflict)
            {
                throw new GrainOperationException(RefusalCode.Unavailable, "state_conflict", conflict.Message);
            }
        }

        _heard = next;
        Remember(next);
    }

    /// <summary>A number that is forgotten is answered by the next one, whose time is later: never too early.</summary>
    private void Remember(MemberClusterState heard)
    {
        if (heard is { HeardAt: { } at, Report.DenialsNumber: { } number } && (_held.Count == 0 || number > _held.GetKeyAtIndex(_held.Count - 1)))
        {
            _held.Add(number, at);
            if (_held.Count > RememberedNumbers)
            {
                _held.RemoveAt(0);
            }
        }
    }

    private string? Refusal(IssuingCaRequest request, long ttlSeconds, ImmutableArray<string> paths)
    {
        if (!ClusterPaths.Holds(_member.AllowedPaths, paths))
        {
            return $"its cluster says that it issues in {string.Join(", ", paths)}, and this home allows it {string.Join(", ", _member.AllowedPaths)}";
        }

        if (!SiloProof.IsWord(request.OperationId) || !SiloProof.IsWord(request.Silo) || !SiloProof.IsWord(request.Incarnation) || !SiloProof.IsEndpoint(request.RelayEndpoint))
        {
            return "it names no operation, silo, incarnation and endpoint";
        }

        if (ttlSeconds < 1)
        {
            return "it asks for no time";
        }

        var proof = new SiloProof(() => anchors.Of(_member), trustDomain.Value.Name, svids.Value.ClockSkew, time);
        return proof.Refusal(
            request.Silo, request.RequestedAt, request.BootstrapChain, IssuingCaRequestStatement.Encode(this.GetPrimaryKeyString(), request), request.Signature);
    }

    [LoggerMessage(EventId = 350, Level = LogLevel.Warning, Message = "A silo of the member cluster {Cluster} was refused: {Why}.")]
    private static partial void LogRefused(ILogger logger, string cluster, string why);

    [LoggerMessage(EventId = 351, Level = LogLevel.Error,
        Message = "The member cluster {Cluster} says that it issues in {Paths}, and this home allows it {Allowed}. Set its home.allowedPaths, or authority.clusters here.")]
    private static partial void LogPaths(ILogger logger, string cluster, string paths, string allowed);
}
