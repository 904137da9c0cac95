namespace MeshGrains.Gateway;

/// <summary>One thing that has to be well before traffic is sent here. Checks are read often and answer from memory.</summary>
public interface IReadinessCheck
{
    /// <summary>A short stable name: <c>issuance</c>, <c>issuance-log</c>.</summary>
    string Name { get; }

    /// <summary>Why not, in words for an operator; null when all is well.</summary>
    string? NotReadyReason { get; }

    /// <summary>A worry that is no reason to send traffic elsewhere, in words for an operator; null for none.</summary>
    string? Note => null;
}
