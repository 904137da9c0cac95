using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>The denial set of a trust domain, and which silo holds which number of it. Key: the trust domain's name.</summary>
[Alias("mg.IDenialGrain")]
public interface IDenialGrain : IGrainWithStringKey
{
    /// <summary>The set as the store has it now.</summary>
    [Alias("Read")]
    Task<DenialSet> ReadAsync();

    /// <summary>Adds a denial (the number in it is ignored). One that stands already keeps its number, unless it leaves less time now. Pushed to every subscribed silo before returning.</summary>
    [Alias("Add")]
    Task<DenialReceipt> AddAsync(Denial denial);

    [Alias("Remove")]
    Task<DenialReceipt> RemoveAsync(DenialKind kind, string subject, string reason, string actor, string operationId);

    /// <summary>In a member cluster: takes over what the home denies now; pushed as what is ordered here. The receipt is of this cluster's own set.</summary>
    [Alias("Follow")]
    Task<DenialReceipt> FollowAsync(FollowedDenials told);

    /// <summary>
    /// A silo confirms the number by which it refuses, gets a lease, and is pushed later numbers through <paramref name="silo"/>. The first call puts
    /// it on the roster. Repeated well within the lease.
    /// </summary>
    [Alias("ConfirmLease")]
    Task<DenialLease> ConfirmLeaseAsync(DenialConfirmation confirmation, IDenialObserver silo);

    /// <summary>A silo that stops says that it holds no lease any more, so that no denial waits for it. It issues nothing from before this call on.</summary>
    [Alias("Leave")]
    Task LeaveAsync(string silo, string incarnation);

    /// <summary>Tells every subscribed silo that the trust bundle has this number now. A courtesy: silos look for themselves too.</summary>
    [Alias("AnnounceBundle")]
    Task AnnounceBundleAsync(long bundleNumber);

    /// <summary>Every silo on the roster and the trust bundle by which it last confirmed.</summary>
    [Alias("BundleHolders")]
    Task<ImmutableArray<BundleHolder>> BundleHoldersAsync();

    [Alias("Status")]
    Task<DenialReceipt> StatusAsync(long number);
}
