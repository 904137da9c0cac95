namespace MeshGrains.Storage;

/// <summary>A database file that this version cannot use: of another kind, or written by a newer version. Nothing in it was changed.</summary>
public sealed class SqliteSchemaException(string message) : Exception(message);
