using MeshGrains.Grains;

namespace MeshGrains.Gateway;

/// <summary>
/// Hears of failed authentications, so that whoever sends bad tokens is soon turned away unheard: an address, or the holder of an SVID,
/// who is counted by name, so that his neighbours do not pay for him.
/// </summary>
internal interface IFailurePenalty
{
    void Failed(CallCredentials credentials);

    /// <summary>Whether an SVID holder has sent too many bad tokens to look at another; addresses are checked at admission.</summary>
    Refusal? Check(ParsedClientChain chain);
}
