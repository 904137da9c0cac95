using System.Globalization;
using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.Attacks;

/// <summary>One silo process for the attacks of a class; each takes nodes of its own.</summary>
public sealed class AttackedSilo : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _folder = new();

    internal SiloProcess Silo { get; private set; } = null!;

    internal KubernetesTokens Cluster { get; } = new();

    public static string Id(string name) => $"spiffe://{SiloClient.TrustDomain}/meshgrains/agent/{name}";

    public async Task InitializeAsync()
    {
        string[] settings =
        [
            "attestation.kubernetes.0.name=prod", $"attestation.kubernetes.0.issuer={KubernetesTokens.DefaultIssuer}",
            $"attestation.kubernetes.0.jwksFile={Cluster.WriteJwks(_folder.File("jwks.json"))}",
            "templates.0.source=prod", "templates.0.pattern=spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}",
        ];
        Silo = await SiloProcess.StartAsync(_folder.File("silo"), settings.SelectMany(setting => new[] { "--set", setting }));
        await Silo.ReadyAsync();
    }

    public async Task DisposeAsync()
    {
        await Silo.DisposeAsync();
        Dispose();
    }

    public void Dispose()
    {
        Cluster.Dispose();
        _folder.Dispose();
    }

    /// <summary>How often a reason was counted by an API so far.</summary>
    internal async Task<double> CountedAsync(string api, string reason)
    {
        using var client = new HttpClient { BaseAddress = Silo.Operations };
        var series = api == "agent_sync"
            ? $"meshgrains_agents_refused_streams_total{{reason=\"{reason}\"}} "
            : $"meshgrains_gateway_svid_requests_total{{api=\"{api}\",result=\"{reason}\"}} ";
        return (await client.GetStringAsync("/metrics")).Split('\n').Where(line => line.StartsWith(series, StringComparison.Ordinal))
            .Sum(line => double.Parse(line[series.Length..], CultureInfo.InvariantCulture));
    }

    /// <summary>The refusal is counted once more, and a line of the log has its reason and these words.</summary>
    internal async Task ToldAsync(string api, string reason, double before, params string[] words)
    {
        Assert.True(await CountedAsync(api, reason) > before, $"{reason} was not counted");
        await Kit.Eventually.HoldsAsync(
            () => (Silo.Errors + Silo.Output).Split('\n').Any(line => line.Contains(reason, StringComparison.Ordinal)
                && words.All(word => line.Contains(word, StringComparison.Ordinal))),
            $"a line with {reason} and {string.Join(", ", words)}: {Silo.Errors}");
    }

    /// <summary>A further join token for an agent that had one.</summary>
    internal async Task<string> TokenAgainAsync(string name)
    {
        var entries = (await Silo.GetAsync("/v1/entries?limit=1000"))["entries"]!.AsArray();
        var entryId = (string)entries.Single(entry => (string?)entry!["spiffeId"] == Id(name))!["id"]!;
        return (string)(await Silo.PostAsync("/v1/join-tokens", new { entryId }))["token"]!;
    }

    internal async Task<string> EntryAsync(string agent, string path, params string[] selectors) => (string)(await Silo.PostAsync(
        "/v1/entries", new { spiffeId = $"spiffe://{SiloClient.TrustDomain}{path}", parentId = Id(agent), selectors }))["id"]!;
}
