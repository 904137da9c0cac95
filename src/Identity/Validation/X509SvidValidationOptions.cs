namespace MeshGrains.Identity;

/// <summary>How a validation is done.</summary>
public sealed record X509SvidValidationOptions
{
    public static X509SvidValidationOptions Default { get; } = new();

    /// <summary>How far clocks may disagree; added at both ends of every validity. None unless told.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.Zero;

    /// <summary>The longest path in certificates, leaf and authority included.</summary>
    public int MaxDepth { get; init; } = 6;

    /// <summary>The most intermediates that are looked at.</summary>
    public int MaxIntermediates { get; init; } = 16;

    /// <summary>The most signatures that are verified before the search is given up.</summary>
    public int MaxSignatureChecks { get; init; } = 24;
}
