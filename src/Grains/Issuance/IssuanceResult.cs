using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Grains;

/// <summary>Either an SVID or a refusal; refusals are ordinary results, so that a flood of bad requests throws nothing.</summary>
public readonly struct IssuanceResult
{
    private IssuanceResult(IssuedSvid? svid, Refusal? refusal)
    {
        Svid = svid;
        Refusal = refusal;
    }

    public IssuedSvid? Svid { get; }

    public Refusal? Refusal { get; }

    [MemberNotNullWhen(true, nameof(Svid))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool Succeeded => Svid is not null;

    public static implicit operator IssuanceResult(IssuedSvid svid) => new(svid, null);

    public static implicit operator IssuanceResult(Refusal refusal) => new(null, refusal);

    public static IssuanceResult FromSvid(IssuedSvid svid) => svid;

    public static IssuanceResult FromRefusal(Refusal refusal) => refusal;
}
