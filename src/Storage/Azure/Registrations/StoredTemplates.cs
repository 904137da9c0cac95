using System.Collections.Immutable;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>All templates of a trust domain in the order of their ids, and the ids of those that were deleted, the latest last.</summary>
internal sealed record StoredTemplates(ImmutableArray<RegistrationTemplate> Templates, ImmutableArray<string> Deleted)
{
    public static StoredTemplates Empty { get; } = new([], []);
}
