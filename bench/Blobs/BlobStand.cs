using System.Globalization;
using System.Net;
using System.Text;
using System.Web;
using System.Xml;

namespace MeshGrains.Bench;

/// <summary>
/// A stand-in for the blob service, in this process and in memory, of what the state of a cluster asks of it: block blobs with conditions, properties,
/// listings. For fleets that Azurite cannot hold: there every listing walks over all blobs. It takes any key, and knows no leases and no append blobs: the
/// issuance log lies in Azurite.
/// </summary>
internal sealed class BlobStand : IDisposable
{
    public const string Account = "standaccount1";

    private readonly HttpListener _listener = new();
    private long _requests;

    private BlobStand(int port)
    {
        Port = port;
        _listener.Prefixes.Add(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));
        _listener.Start();
    }

    public int Port { get; }

    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}/{Account}");

    public StandBlobs Blobs { get; } = new();

    /// <summary>Requests answered so far.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    public static BlobStand Start()
    {
        var stand = new BlobStand(LoopbackPort.Free());
        for (var i = 0; i < Environment.ProcessorCount; i++)
        {
            _ = Task.Run(stand.ServeAsync);
        }

        return stand;
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext call;
            try
            {
                call = await _listener.GetContextAsync();
            }
            catch (Exception ended) when (ended is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = Task.Run(() => AnswerAsync(call));
        }
    }

    private async Task AnswerAsync(HttpListenerContext call)
    {
        Interlocked.Increment(ref _requests);
        var answer = call.Response;
        try
        {
            answer.Headers["x-ms-version"] = "2022-11-02";
            answer.Headers["x-ms-request-id"] = Guid.NewGuid().ToString();
            var path = call.Request.Url!.AbsolutePath.Split('/', 4, StringSplitOptions.RemoveEmptyEntries);
            if (path.Length < 3)
            {
                await ContainerAsync(call, path.Length < 2 ? "" : path[1]);
            }
            else
            {
                await BlobAsync(call, Uri.UnescapeDataString(path[2] + (path.Length > 3 ? "/" + path[3] : "")));
            }

            answer.Close();
        }
        catch (Exception cut) when (cut is HttpListenerException or ObjectDisposedException or IOException or InvalidOperationException)
        {
            answer.Abort();
        }
    }

    private async Task ContainerAsync(HttpListenerContext call, string container)
    {
        var answer = call.Response;
        var query = HttpUtility.ParseQueryString(call.Request.Url!.Query);
        if (query["comp"] == "list")
        {
            var page = Blobs.List(
                query["prefix"] ?? "", query["delimiter"] is { Length: > 0 } delimiter ? delimiter : null, query["marker"] is { Length: > 0 } marker ? marker : null,
                int.TryParse(query["maxresults"], CultureInfo.InvariantCulture, out var most) ? most : 5000);
            var bytes = Listing(container, page);
            answer.ContentType = "application/xml";
            answer.ContentLength64 = bytes.Length;
            await answer.OutputStream.WriteAsync(bytes);
            return;
        }

        // The one container is always there.
        answer.Headers["ETag"] = "\"0x0\"";
        answer.Headers["Last-Modified"] = DateTimeOffset.UnixEpoch.ToString("R", CultureInfo.InvariantCulture);
        answer.StatusCode = call.Request.HttpMethod == "PUT" ? 201 : 200;
    }

    private async Task BlobAsync(HttpListenerContext call, string name)
    {
        var (request, answer) = (call.Request, call.Response);
        var ifMatch = request.Headers["If-Match"];
        switch (request.HttpMethod)
        {
            case "PUT":
                using (var content = new MemoryStream(request.ContentLength64 > 0 ? (int)request.ContentLength64 : 0))
                {
                    await request.InputStream.CopyToAsync(content);
                    var metadata = request.Headers.AllKeys.OfType<string>().Where(key => key.StartsWith("x-ms-meta-", StringComparison.OrdinalIgnoreCase))
                        .Select(key => KeyValuePair.Create(key["x-ms-meta-".Length..], request.Headers[key]!)).ToArray();
                    var (written, error) = Blobs.Put(name, ifMatch, request.Headers["If-None-Match"] == "*", content.ToArray(), metadata, DateTimeOffset.UtcNow);
                    if (written is null)
                    {
                        Refuse(answer, error!);
                        return;
                    }

                    answer.StatusCode = 201;
                    Describe(answer, written);
                    answer.Headers["x-ms-request-server-encrypted"] = "true";
                }

                return;
            case "DELETE":
                if (Blobs.Remove(name, ifMatch) is { } refused)
                {
                    Refuse(answer, refused);
                    return;
                }

                answer.StatusCode = 202;
                return;
            case "GET" or "HEAD":
                if (Blobs.Find(name) is not { } found)
                {
                    Refuse(answer, "BlobNotFound");
                    return;
                }

                Describe(answer, found);
                answer.Headers["x-ms-blob-type"] = "BlockBlob";
                foreach (var (key, value) in found.Metadata)
                {
                    answer.Headers["x-ms-meta-" + key] = value;
                }

                if (request.HttpMethod == "GET")
                {
                    answer.ContentType = "application/octet-stream";
                    answer.ContentLength64 = found.Content.Length;
                    await answer.OutputStream.WriteAsync(found.Content);
                }

                return;
            default:
                answer.StatusCode = 405;
                return;
        }
    }

    private static void Describe(HttpListenerResponse answer, StandBlob blob)
    {
        answer.Headers["ETag"] = blob.ETag;
        answer.Headers["Last-Modified"] = blob.Modified.ToString("R", CultureInfo.InvariantCulture);
    }

    private static void Refuse(HttpListenerResponse answer, string error)
    {
        answer.StatusCode = error switch { "BlobNotFound" => 404, "BlobAlreadyExists" => 409, _ => 412 };
        answer.Headers["x-ms-error-code"] = error;
    }

    private static byte[] Listing(string container, (IReadOnlyList<StandBlob> Blobs, IReadOnlyList<string> Prefixes, string? Next) page)
    {
        using var bytes = new MemoryStream();
        using (var xml = XmlWriter.Create(bytes, new XmlWriterSettings { Encoding = new UTF8Encoding(false) }))
        {
            xml.WriteStartElement("EnumerationResults");
            xml.WriteAttributeString("ServiceEndpoint", "http://127.0.0.1/");
            xml.WriteAttributeString("ContainerName", container);
            xml.WriteStartElement("Blobs");
            foreach (var blob in page.Blobs)
            {
                xml.WriteStartElement("Blob");
                xml.WriteElementString("Name", blob.Name);
                xml.WriteStartElement("Properties");
                xml.WriteElementString("Last-Modified", blob.Modified.ToString("R", CultureInfo.InvariantCulture));
                xml.WriteElementString("Etag", blob.ETag);
                xml.WriteElementString("Content-Length", blob.Content.Length.ToString(CultureInfo.InvariantCulture));
                xml.WriteElementString("BlobType", "BlockBlob");
                xml.WriteEndElement();
                xml.WriteStartElement("Metadata");
                foreach (var (key, value) in blob.Metadata)
                {
                    xml.WriteElementString(key, value);
                }

                xml.WriteEndElement();
                xml.WriteEndElement();
            }

            foreach (var prefix in page.Prefixes)
            {
                xml.WriteStartElement("BlobPrefix");
                xml.WriteElementString("Name", prefix);
                xml.WriteEndElement();
            }

            xml.WriteEndElement();
            xml.WriteElementString("NextMarker", page.Next ?? "");
            xml.WriteEndElement();
        }

        return bytes.ToArray();
    }
}
