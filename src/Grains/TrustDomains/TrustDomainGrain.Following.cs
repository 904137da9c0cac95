using Microsoft.Extensions.Logging;

namespace MeshGrains.Grains;

/// <summary>
/// The trust domain in a member cluster: a durable copy of the home's record, which serves while the home is away. Whatever the root or the bundle is needed
/// for is done at the home; what is decided of its answers is in <see cref="FollowDecisions"/>.
/// </summary>
internal sealed partial class TrustDomainGrain
{
    /// <summary>In a member: the highest bundle number ever shown here, where the stored copy is older.</summary>
    private long _least;

    private bool Follows => home.Value.IsElsewhere;

    private string Elsewhere => $"The root belongs to the home cluster {home.Value.Cluster} ({home.Value.Address}); ask there.";

    public async Task<byte[]> ShareAsync()
    {
        AtHomeOnly();
        await BundleNumberAsync();
        return _shown is null
            ? throw new GrainOperationException(RefusalCode.Unavailable, "no_root", $"The trust domain {_trustDomain.Name} has no root yet.")
            : codec.Encode(FollowDecisions.Shared(State));
    }

    public async Task<bool> FollowAsync(byte[] record)
    {
        if (!Follows)
        {
            throw new GrainOperationException(RefusalCode.Conflict, "is_home", $"Cluster {options.Value.Cluster} is the home itself and follows nobody.");
        }

        await _record.SettleAsync();
        return await FollowedAsync(record);
    }

    /// <summary>A record with roots of its own never becomes a copy, and a copy never a home: either would end in two roots of one trust domain.</summary>
    private void CheckHome()
    {
        if (Follows && State is { Authorities.IsEmpty: false, Follows: null })
        {
            throw new GrainOperationException(
                RefusalCode.Conflict, "own_roots",
                $"This cluster has roots of its own for {_trustDomain.Name}, and home.address makes it a member of another. Begin a member with an empty state, or remove home.address.");
        }

        if (!Follows && State.Follows is { } former)
        {
            throw new GrainOperationException(
                RefusalCode.Conflict, "was_member",
                $"This cluster's state follows the home cluster {former}, and home.address is empty. Set it again; a member does not become a home.");
        }
    }

    private void AtHomeOnly()
    {
        if (Follows)
        {
            throw new GrainOperationException(RefusalCode.Conflict, "not_home", Elsewhere);
        }
    }

    private async Task<TrustDomainView> EnsureFollowedAsync()
    {
        if (_shown is null)
        {
            await FollowedAsync(await homeCluster.FetchAsync(CancellationToken.None));
        }

        return await GetAsync();
    }

    private async Task<CertifiedIssuingCa> CertifyAtHomeAsync(CertifyIssuingCa command)
    {
        var request = command.Request
            ?? throw new GrainOperationException(RefusalCode.InvalidArgument, "no_proof", "The home certifies only what a silo has signed.");
        var certified = await TakeAsync(await homeCluster.CertifyAsync(request, command.TtlSeconds, CancellationToken.None));

        // Known to the home's log; this cluster's own tells it too, for who looks here.
        await RecordAsync(
            IssuanceRecordKind.IssuingCa, certified.CertificateDer, certified.RootAuthorityId, command.OperationId, $"silo:{command.Cluster}/{command.Silo}");
        return certified;
    }

    /// <summary>The record that came with an answer counts first: nothing is done by the answer under an older bundle.</summary>
    private async Task<T> TakeAsync<T>(HomeAnswer<T> answer)
    {
        await FollowedAsync(answer.Record);
        return answer.Value;
    }

    private async Task<bool> FollowedAsync(byte[] record)
    {
        TrustDomainState told;
        try
        {
            told = codec.Decode<TrustDomainState>(record);
        }
        catch (StateFormatException failure)
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "home_record", $"The home's record cannot be read: {failure.Message}");
        }

        var next = FollowDecisions.Take(State, told, _trustDomain.Name, home.Value.Cluster, _least, random.NewId());
        if (State.Follows is not null && codec.Encode(next with { OperationId = State.OperationId }).AsSpan().SequenceEqual(codec.Encode(State)))
        {
            await ShowAsync();
            return false;
        }

        if (State.BundleNumber == 0)
        {
            await BeginDenialsAsync();
        }

        var before = State.BundleNumber;
        await CommitAsync(next);
        await ShowAsync();
        if (before != State.BundleNumber)
        {
            LogFollowed(logger, home.Value.Cluster, State.BundleNumber);
        }

        return true;
    }

    [LoggerMessage(EventId = 352, Level = LogLevel.Information, Message = "The home cluster {Home} has bundle {Number}; it is this cluster's from here on.")]
    private static partial void LogFollowed(ILogger logger, string home, long number);
}
