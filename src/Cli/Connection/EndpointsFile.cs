using System.Text.Json;

namespace MeshGrains.Cli;

/// <summary><c>endpoints.json</c> of a data directory: where its silo listens.</summary>
internal sealed record EndpointsFile(string? Gateway, string? Operations, string? AdminSocket)
{
    public const string Name = "endpoints.json";

    /// <exception cref="CliException">There is none, so that no silo runs there; or it is damaged.</exception>
    public static EndpointsFile Load(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, Name);
        if (!File.Exists(path))
        {
            throw CliException.Failed(
                $"No control plane runs on {Path.GetFullPath(dataDirectory)} ({Name} is missing). Start one with 'mesh up --data {dataDirectory}', "
                + "name its directory with --data, or a control plane elsewhere with --server.");
        }

        try
        {
            return JsonSerializer.Deserialize(TextFile.Read(path, "where the silo listens"), ApiJson.Default.EndpointsFile)
                ?? throw CliException.Failed($"{path} is empty.");
        }
        catch (JsonException failure)
        {
            throw CliException.Failed($"{path} is damaged: {failure.Message}", failure);
        }
    }
}
