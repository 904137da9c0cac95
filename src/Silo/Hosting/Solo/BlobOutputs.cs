using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>Outputs of <c>publish.blobs</c>: the client for them comes with Orleans' packages.</summary>
internal static class BlobOutputs
{
    public static IEnumerable<string> Check(MeshConfiguration mesh) => mesh.Publish.Blobs.Select(output =>
        $"publish.blobs: '{output.Name}' needs a build on Orleans; this one runs on Solo. Build it where Orleans' packages are, or publish to a file.");

    public static IEnumerable<IBundleTarget> Make(MeshConfiguration mesh, TimeSpan lag) => [];
}
