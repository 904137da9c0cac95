using System.Net;
using MeshGrains.Grains;

namespace MeshGrains.Gateway;

/// <summary>Decides at once, without waiting, whether the gateway takes a call.</summary>
public interface IAdmission
{
    /// <summary>
    /// Limits per address, in all and per class, and the penalty of addresses that send bad tokens; before authentication.
    /// Null with a refusal (RESOURCE_EXHAUSTED or UNAVAILABLE, with a retry hint) when there is no place.
    /// </summary>
    /// <param name="remote">The sender's address.</param>
    /// <param name="hint"><see cref="AdmissionClass.Renewal"/> only for a connection with a validated client SVID.</param>
    /// <param name="refusal">Why not; null exactly when a lease is returned.</param>
    AdmissionLease? TryEnter(IPAddress remote, AdmissionClass hint, out Refusal? refusal);

    /// <summary>The quota of an authenticated caller; null when it may go on.</summary>
    Refusal? CheckQuota(AuthenticatedCaller caller);
}
