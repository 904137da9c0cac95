using System.Net;
using System.Text.Json;
using MeshGrains.Gateway;

namespace MeshGrains.Silo;

/// <summary><c>endpoints.json</c>: where this process really listens, for tools that gave port 0.</summary>
internal static class BoundEndpoints
{
    public static void Write(DataDirectory data, GatewayEndpoints endpoints, EndPoint? silo, string grainHost = GrainHost.Name)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("gateway", $"https://{endpoints.Gateway}");
            if (endpoints.OperationsEndPoint is { } operations)
            {
                json.WriteString("operations", $"http://{operations}");
            }

            if (endpoints.Relay is { } relay)
            {
                json.WriteString("relay", relay.ToString());
            }

            if (endpoints.Federation is { } federation)
            {
                json.WriteString("federation", $"https://{federation}");
            }

            if (endpoints.AcmeHttp is { } acme)
            {
                json.WriteString("acmeHttp", $"http://{acme}");
            }

            if (endpoints.Authority is { } authority)
            {
                json.WriteString("authority", authority.ToString());
            }

            if (endpoints.AdminSocket is { } socket)
            {
                json.WriteString("adminSocket", socket);
            }

            if (silo is not null)
            {
                json.WriteString("silo", silo.ToString());
            }

            json.WriteString("grainHost", grainHost);
            json.WriteNumber("pid", Environment.ProcessId);
            json.WriteEndObject();
        }

        DataDirectory.WriteAtomically(data.Endpoints, buffer.ToArray(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
