namespace MeshGrains.Storage;

/// <summary>The numbers are stored.</summary>
internal enum RegistrationKind
{
    Entry = 1,
    Template = 2,
}
