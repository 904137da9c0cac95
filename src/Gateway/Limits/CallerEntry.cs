namespace MeshGrains.Gateway;

/// <summary>What is known of one authenticated caller, or of an SVID holder that sends bad tokens.</summary>
internal sealed class CallerEntry : TableEntry<string, CallerEntry>
{
    public TokenBucket Calls;
    public TokenBucket Failures;
}
