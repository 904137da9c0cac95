using System.Text.Json;

namespace MeshGrains.LocalCluster;

/// <summary>Which silo signs as what, as the control plane tells.</summary>
internal static class IssuingCas
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>The authority id of each silo's newest active issuing CA; empty when no silo can be asked.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> BySiloAsync(MeshCluster cluster, CancellationToken cancellationToken)
    {
        foreach (var silo in cluster.Silos)
        {
            if (silo.Endpoints?.AdminSocket is { } socket && await TryAskAsync(socket, cancellationToken) is { } found)
            {
                return found;
            }
        }

        return new Dictionary<string, string>();
    }

    private static async Task<IReadOnlyDictionary<string, string>?> TryAskAsync(string socket, CancellationToken cancellationToken)
    {
        try
        {
            using var http = UnixHttp.Client(socket, Patience);
            return Read(await http.GetStringAsync(new Uri("v1/issuing-cas", UriKind.Relative), cancellationToken));
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException or KeyNotFoundException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    internal static Dictionary<string, string> Read(string list)
    {
        using var json = JsonDocument.Parse(list);
        return json.RootElement.GetProperty("issuingCas").EnumerateArray()
            .Where(ca => string.Equals(ca.GetProperty("state").GetString(), "active", StringComparison.OrdinalIgnoreCase))
            .GroupBy(ca => ca.GetProperty("silo").GetString()!, StringComparer.Ordinal)
            .ToDictionary(
                cas => cas.Key, cas => cas.MaxBy(ca => ca.GetProperty("notBefore").GetDateTimeOffset()).GetProperty("authorityId").GetString()!,
                StringComparer.Ordinal);
    }
}
