using MeshGrains.Grains;
using MeshGrains.Storage;

namespace MeshGrains.Silo;

/// <summary>Outputs of <c>publish.blobs</c>.</summary>
internal static class BlobOutputs
{
    public static IEnumerable<string> Check(MeshConfiguration mesh)
    {
        foreach (var output in mesh.Publish.Blobs)
        {
            if (output.Blob.Length is 0 or > 512 || output.Blob.StartsWith('/') || output.Blob.EndsWith('/') || output.Blob.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.' or '/')))
            {
                yield return $"publish.blobs: blob of '{output.Name}' is '{output.Blob}'; give a name of letters, digits, '-', '_', '.' and '/', such as bundles/mesh.json.";
            }

            if (output.Endpoint.TrimEnd('/') == mesh.Storage.BlobEndpoint.TrimEnd('/') && (output.Container == mesh.Storage.Container || output.Container == mesh.Storage.LogContainer))
            {
                yield return $"publish.blobs: '{output.Name}' writes to a container of section storage. Readers of the bundle must not reach that one; give another.";
            }

            string? wrong = null;
            try
            {
                OptionsOf(output).Validate();
            }
            catch (ArgumentException failure)
            {
                wrong = failure.Message.Replace("storage.", "", StringComparison.Ordinal).Replace("blobEndpoint", "endpoint", StringComparison.Ordinal);
            }

            if (wrong is not null)
            {
                yield return $"publish.blobs: '{output.Name}': {wrong}";
            }
        }
    }

    public static IEnumerable<IBundleTarget> Make(MeshConfiguration mesh, TimeSpan lag) => mesh.Publish.Blobs.Select(output =>
        new BlobBundleTarget(output.Name, OptionsOf(output), output.Blob, output.Format, output.Lag ?? lag));

    private static AzureStorageOptions OptionsOf(BlobOutputOptions output) => new()
    {
        BlobEndpoint = output.Endpoint,
        Container = output.Container,
        LogContainer = output.Container == "unused" ? "unused2" : "unused",
        AccountKeyFile = output.AccountKeyFile,
        Credential = output.AccountKeyFile.Length == 0 ? ClusterStorage.Credential() : null,
    };
}
