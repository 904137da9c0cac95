using System.Text.Json;

namespace MeshGrains.LocalCluster;

/// <summary>Where a process of the product listens, as it wrote it into its data directory.</summary>
/// <param name="Gateway"><c>https://…</c></param>
/// <param name="Operations"><c>http://…</c></param>
/// <param name="AdminSocket">Null when it has none.</param>
/// <param name="ProcessId">Whose they are.</param>
public sealed record MemberEndpoints(Uri Gateway, Uri Operations, string? AdminSocket, int ProcessId)
{
    public const string File = "endpoints.json";

    /// <summary>Null when there are none or they are being written.</summary>
    public static MemberEndpoints? TryRead(string dataFolder)
    {
        try
        {
            using var json = JsonDocument.Parse(System.IO.File.ReadAllBytes(Path.Combine(dataFolder, File)));
            var root = json.RootElement;
            return new MemberEndpoints(
                new Uri(root.GetProperty("gateway").GetString()!), new Uri(root.GetProperty("operations").GetString()!),
                root.TryGetProperty("adminSocket", out var socket) ? socket.GetString() : null, root.GetProperty("pid").GetInt32());
        }
        catch (Exception failure) when (failure is IOException or JsonException or KeyNotFoundException)
        {
            return null;
        }
    }
}
