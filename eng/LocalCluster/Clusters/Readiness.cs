using System.Text.Json;

namespace MeshGrains.LocalCluster;

/// <summary>What <c>/readyz</c> says.</summary>
/// <param name="IsReady">It answered 200.</param>
/// <param name="Why">The checks that fail with their reasons; or why there was no answer. Empty when ready.</param>
public sealed record Readiness(bool IsReady, string Why)
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.FromSeconds(10) })
    {
        Timeout = TimeSpan.FromSeconds(3),
        MaxResponseContentBufferSize = 1 << 20,
    };

    public static Readiness Not(string why) => new(false, why);

    public static async Task<Readiness> AskAsync(Uri operations, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri(operations, "/readyz"), cancellationToken);
            return answer.IsSuccessStatusCode ? new Readiness(true, "") : Not(Reasons(await answer.Content.ReadAsStringAsync(cancellationToken)));
        }
        catch (HttpRequestException failure)
        {
            return Not($"does not answer: {failure.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Not($"does not answer within {Http.Timeout.TotalSeconds:0} s");
        }
    }

    /// <summary>Reads the report's failed checks.</summary>
    internal static string Reasons(string report)
    {
        try
        {
            using var json = JsonDocument.Parse(report);
            return string.Join("; ", json.RootElement.GetProperty("checks").EnumerateArray()
                .Where(check => !check.GetProperty("ready").GetBoolean())
                .Select(check => $"{check.GetProperty("name").GetString()}: {(check.TryGetProperty("reason", out var reason) ? reason.GetString() : "not ready")}"));
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return "says something that is not understood";
        }
    }
}
