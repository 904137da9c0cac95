using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace MeshGrains.Agent.Workloads;

/// <summary>Asks a neighbour on this node for JSON, within a time and a size.</summary>
internal static class BoundedJson
{
    /// <summary>Null for 404.</summary>
    /// <exception cref="AttestorException">No answer, another status, more bytes than may be, or no such JSON. The words never hold what was sent.</exception>
    public static async Task<T?> GetAsync<T>(
        HttpClient http, Uri address, string? token, JsonTypeInfo<T> type, int maxBytes, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
        where T : class
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.StatusCode == System.Net.HttpStatusCode.NotFound)
            {
                return null;
            }

            if (!response.IsSuccessStatusCode)
            {
                throw new AttestorException("refused", $"{address} answered {(int)response.StatusCode}");
            }

            await using var body = await response.Content.ReadAsStreamAsync(either.Token);
            var (buffer, length) = await ReadAsync(body, maxBytes, either.Token) ?? throw new AttestorException("too_large", $"{address} answered more than {maxBytes} bytes");
            return JsonSerializer.Deserialize(buffer.AsSpan(0, length), type) ?? throw new AttestorException("bad_answer", $"{address} answered no object");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AttestorException("timeout", $"{address} did not answer within {timeout}");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw new AttestorException("unreachable", $"{address}: {(failure.InnerException ?? failure).Message}", failure);
        }
        catch (JsonException malformed)
        {
            throw new AttestorException("bad_answer", $"{address} answered what is no such JSON (at {malformed.Path})", malformed);
        }
    }

    /// <summary>Null when there are more bytes than may be.</summary>
    private static async Task<(byte[] Buffer, int Length)?> ReadAsync(Stream body, int maxBytes, CancellationToken cancellationToken)
    {
        var buffer = new byte[Math.Min(64 * 1024, maxBytes + 1)];
        var length = 0;
        while (await body.ReadAsync(buffer.AsMemory(length), cancellationToken) is > 0 and var read)
        {
            length += read;
            if (length > maxBytes)
            {
                return null;
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min(2L * length, maxBytes + 1L));
            }
        }

        return (buffer, length);
    }
}
