namespace MeshGrains.Gateway;

/// <summary>
/// What is known of one address. Newcomers and renewals are counted apart, so that nobody behind a shared address can use up the calls of
/// neighbours who hold an SVID.
/// </summary>
internal sealed class AddressEntry : TableEntry<ulong, AddressEntry>
{
    public TokenBucket NewcomerCalls;
    public TokenBucket RenewalCalls;
    public TokenBucket Failures;

    /// <summary>Raised under the table's lock, lowered without it when a call ends.</summary>
    public int NewcomersActive;
    public int RenewalsActive;

    public override bool InUse => Volatile.Read(ref NewcomersActive) > 0 || Volatile.Read(ref RenewalsActive) > 0;
}
