using System.Globalization;
using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.Attacks;

/// <summary>One silo process for the attacks of a class; each takes nodes of its own.</summary>
public sealed class AttackedSilo : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _folder = new();

    internal SiloProcess Silo { get; private set; } = null!;

    internal KubernetesTokens Cluster { get; } = new();

    /// <summary>Its certificates admit nodes.</summary>
    internal Kit.NodePki Machines { get; } = new("machines");

    /// <summary>Its signature is AWS's here.</summary>
    internal Kit.AwsSigner Aws { get; } = new("Amazon Web Services LLC");

    internal string Folder => _folder.FullPath;

    public static string Id(string name) => $"spiffe://{SiloClient.TrustDomain}/meshgrains/agent/{name}";

    public async Task InitializeAsync()
    {
        File.WriteAllText(_folder.File("machines.pem"), Machines.Pem);
        string[] settings =
        [
            $"nodeAttestation.x509pop.caFile={_folder.File("machines.pem")}", "nodeAttestation.x509pop.name=commonName",
            "nodeAttestation.x509pop.commonNames.0=*.rack.test", "nodeAttestation.k8s.0.source=prod",
            "nodeAttestation.k8s.0.serviceAccounts.0=meshgrains/meshgrains-agent", $"nodeAttestation.aws.certificateFile={Aws.CertificateFile}",
            "nodeAttestation.aws.accounts.0=123456789012", "nodeAttestation.aws.regions.0=eu-west-1",
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
        Machines.Dispose();
        Aws.Dispose();
        _folder.Dispose();
    }

    /// <summary>The product's own agent, started against this silo.</summary>
    internal async Task<Hosting.AgentApplication> StartAgentAsync(string name, params string[] settings)
    {
        var agent = Hosting.AgentApplication.Build(MeshGrains.Silo.ConfigurationLoader.Load(
            MeshGrains.Silo.ConfigurationSchema.Instance, "NONE__", null, [],
            new[]
            {
                $"trustDomain={SiloClient.TrustDomain}", $"socket={_folder.File(name + ".sock")}", "operationsListen=", $"controlPlane.addresses.0={Silo.Gateway}",
                $"controlPlane.trustBundle={Silo.BundlePath}", "controlPlane.maxBackoff=500ms", "log.level=Error",
            }.Concat(settings).Select(setting => setting.Split('=', 2)).Select(pair => (pair[0], pair[1], "test"))));
        await agent.StartAsync(CancellationToken.None);
        return agent;
    }

    internal Task ConnectedAsync(string name, string attestation) => Kit.Eventually.HoldsAsync(
        async () =>
        {
            using var answer = await Silo.Admin.GetAsync($"/v1/agents/{Uri.EscapeDataString(name)}");
            return answer.IsSuccessStatusCode && await answer.Content.ReadAsStringAsync() is var seen && seen.Contains("\"connected\"", StringComparison.Ordinal)
                && seen.Contains($"\"attestation\":\"{attestation}\"", StringComparison.Ordinal);
        },
        $"agent {name} connects by {attestation}: {Silo.Errors}");

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
