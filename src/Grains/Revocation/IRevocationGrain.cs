using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// The revocation lists of a trust domain: signs those of the roots with the KMS, and keeps the newest ones of the issuing CAs, so that each silo can serve all and a
/// list outlives its silo. Key: the trust domain's name. Asked only where <c>revocation.crl</c> is on.
/// </summary>
[Alias("mg.IRevocationGrain")]
public interface IRevocationGrain : IGrainWithStringKey
{
    /// <summary>Keeps a newer list of an issuing CA; an older one changes nothing.</summary>
    [Alias("Publish")]
    Task PublishAsync(PublishCrl list);

    /// <summary>Signs the roots' lists that are due, forgets what has ended; gives all lists.</summary>
    [Alias("Refresh")]
    Task<ImmutableArray<CrlView>> RefreshAsync();

    [Alias("List")]
    Task<ImmutableArray<CrlView>> ListAsync();
}
