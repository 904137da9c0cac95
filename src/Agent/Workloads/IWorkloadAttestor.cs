namespace MeshGrains.Agent.Workloads;

/// <summary>Tells one kind of selectors beside <c>unix</c>. Attestors run side by side; what one cannot tell takes nothing from the others.</summary>
internal interface IWorkloadAttestor
{
    /// <summary>The type of its selectors, a stable word: what stands before the first colon.</summary>
    string Type { get; }

    /// <summary>Selectors as <c>type:value</c>; none for a process that is not of its kind.</summary>
    /// <exception cref="AttestorException">The process may be of its kind, and that cannot be told now.</exception>
    Task<IReadOnlyCollection<string>> AttestAsync(PeerProcess peer, CancellationToken cancellationToken);
}
