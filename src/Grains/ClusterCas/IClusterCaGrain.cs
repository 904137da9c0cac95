using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// A cluster's certificate authority: it decides which issuing CAs exist. Key: <c>{trustDomain}/{cluster}</c>.
/// Failures reach the caller as <see cref="GrainOperationException"/>.
/// </summary>
[Alias("mg.IClusterCaGrain")]
public interface IClusterCaGrain : IGrainWithStringKey
{
    /// <summary>Authorises and certifies an issuing CA for a silo. The same operation id answers with the same certificate.</summary>
    [Alias("Request")]
    Task<CertifiedIssuingCa> RequestAsync(IssuingCaRequest request);

    /// <summary>A silo signs no more under its issuing CA: the CA's log shard is sealed, and it is retired when nothing live chains to it.</summary>
    [Alias("Release")]
    Task ReleaseAsync(ReleaseIssuingCa release);

    /// <summary>
    /// Seals the log shards of the issuing CAs that were certified before the bundle <paramref name="belowBundle"/>, or by the root
    /// <paramref name="rootAuthorityId"/> where it is given, as far as the log lets it; then every issuing CA there is.
    /// </summary>
    [Alias("Fence")]
    Task<ImmutableArray<IssuingCaView>> FenceAsync(long belowBundle, string? rootAuthorityId);

    [Alias("List")]
    Task<ImmutableArray<IssuingCaView>> ListAsync();

    /// <summary>Takes an issuing CA out of use and denies it; its silo asks for another at once.</summary>
    [Alias("Taint")]
    Task<IssuingCaView> TaintAsync(string authorityId, string reason, string actor, string operationId);

    /// <summary>The same, with a time over which agents replace what it signed. A CA that is tainted already is given no more time than it had.</summary>
    [Alias("TaintOver")]
    Task<IssuingCaView> TaintOverAsync(TaintIssuingCa taint);

    /// <summary>Look whether something is due: fencing off the CAs of silos that are gone, retiring what nothing live chains to. Does nothing when not.</summary>
    [Alias("Tick")]
    Task TickAsync();
}
