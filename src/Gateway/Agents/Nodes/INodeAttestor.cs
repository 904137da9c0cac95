namespace MeshGrains.Gateway.Agents;

/// <summary>
/// One way for a node to prove what it is: a certificate's key, a cloud's signed document. A further cloud is a further implementation, registered
/// beside these; everything around it (bounds, challenge, admission, roster) is the caller's.
/// </summary>
internal interface INodeAttestor
{
    /// <summary>The name on the wire and the first segment of agents' names: <c>x509pop</c>, <c>aws_iid</c>.</summary>
    string Name { get; }

    /// <summary>Whether the configuration lets anybody in this way.</summary>
    bool IsConfigured { get; }

    /// <param name="evidence">What the node sent; bounded, and nothing of it is trusted.</param>
    /// <param name="ask">Sends a challenge and waits for the answer; null when none came. A challenge lives as long as the call.</param>
    /// <param name="cancellationToken">Ends with the call, within seconds.</param>
    ValueTask<NodeVerdict> AttestAsync(NodeEvidence evidence, Func<byte[], Task<byte[]?>> ask, CancellationToken cancellationToken);
}
