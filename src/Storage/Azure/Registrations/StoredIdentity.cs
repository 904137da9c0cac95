using System.Collections.Immutable;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>All entries of one SPIFFE ID, in the order of their ids.</summary>
internal sealed record StoredIdentity(ImmutableArray<RegistrationEntry> Entries)
{
    public static StoredIdentity Empty { get; } = new(ImmutableArray<RegistrationEntry>.Empty);

    public RegistrationEntry? Find(string id) => Entries.FirstOrDefault(entry => entry.Id == id);

    public StoredIdentity With(RegistrationEntry entry)
        => new([.. Entries.Where(other => other.Id != entry.Id).Append(entry).OrderBy(other => other.Id, StringComparer.Ordinal)]);

    public StoredIdentity Without(string id) => new([.. Entries.Where(entry => entry.Id != id)]);
}
