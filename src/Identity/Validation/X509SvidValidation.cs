using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Identity;

/// <summary>What became of a validation: an identity and the path that proves it, or the reason why not.</summary>
public sealed class X509SvidValidation
{
    private X509SvidValidation(SpiffeId? id, IReadOnlyList<ParsedCertificate> path, X509SvidRefusal refusal, string? error)
    {
        Id = id;
        Path = path;
        Refusal = refusal;
        Error = error;
    }

    [MemberNotNullWhen(true, nameof(Id))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsValid => Refusal == X509SvidRefusal.None;

    /// <summary>The proven identity; null when refused.</summary>
    public SpiffeId? Id { get; }

    /// <summary>The certificates from the leaf to the bundle's authority; empty when refused.</summary>
    public IReadOnlyList<ParsedCertificate> Path { get; }

    public X509SvidRefusal Refusal { get; }

    /// <summary>The reason in a sentence; null when valid.</summary>
    public string? Error { get; }

    internal static X509SvidValidation Valid(SpiffeId id, IReadOnlyList<ParsedCertificate> path) => new(id, path, X509SvidRefusal.None, null);

    internal static X509SvidValidation Refused(X509SvidRefusal refusal, string error) => new(null, [], refusal, error);
}
