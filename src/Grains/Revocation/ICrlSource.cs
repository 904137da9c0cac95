namespace MeshGrains.Grains;

/// <summary>The revocation lists that this silo serves.</summary>
public interface ICrlSource
{
    /// <summary>Whether lists are made at all.</summary>
    bool IsOn { get; }

    /// <summary>All of them, at most some seconds old; what was known before while nobody answers.</summary>
    /// <exception cref="GrainOperationException">None was ever known.</exception>
    ValueTask<IReadOnlyList<CrlView>> ListAsync(CancellationToken cancellationToken);
}
