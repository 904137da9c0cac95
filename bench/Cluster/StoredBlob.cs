namespace MeshGrains.Bench;

/// <summary>A blob as it was read, whole.</summary>
/// <param name="Container">Where it lies.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Type"><c>BlockBlob</c> or <c>AppendBlob</c>.</param>
/// <param name="ContentType">As stored.</param>
/// <param name="Metadata">Names without <c>x-ms-meta-</c>.</param>
/// <param name="Content">Its bytes.</param>
internal sealed record StoredBlob(string Container, string Name, string Type, string ContentType, IReadOnlyDictionary<string, string> Metadata, byte[] Content)
{
    public const string Append = "AppendBlob";

    public StoredBlob With(byte[] content) => this with { Content = content };
}
