using System.Collections.Immutable;

namespace MeshGrains.Storage;

/// <summary>
/// The schema of one kind of database file: migration <c>n</c> (from 1) takes a file from version <c>n - 1</c> to <c>n</c> and keeps its data.
/// Published migrations are never edited.
/// </summary>
internal sealed record SqliteSchema(string Name, int ApplicationId, ImmutableArray<string> Migrations)
{
    public int Version => Migrations.Length;
}
