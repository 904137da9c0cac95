namespace MeshGrains.Gateway.Agents;

/// <summary>What a node sent to prove what it is. <paramref name="CsrHash"/> is the SHA-256 of the request that its certificate is to be made from.</summary>
internal sealed record NodeEvidence(IReadOnlyList<byte[]> Parts, byte[] CsrHash);
