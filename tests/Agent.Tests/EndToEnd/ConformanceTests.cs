using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Rpc.Agents;
using Xunit.Abstractions;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>
/// The conformance run of the Workload API and of Envoy SDS: a foreign client, Debian's Python gRPC with protocol buffers written by hand, holds the agent's socket to every
/// rule and prints each by its name. The control plane is played, so that the agent can be brought into every state.
/// </summary>
public sealed class ConformanceTests(ITestOutputHelper output)
{
    private const string Script = "conformance.py";
    private const string Partner = "partner.example";

    /// <summary>What the client of standing rules refuses: twice in StreamSecrets, once in DeltaSecrets; the other one fifty times over.</summary>
    private const long Nacks = 2 + 1;
    private const long ManyNacks = 50;

    [SkippableFact]
    public async Task A_foreign_client_finds_every_rule_of_the_Workload_API_and_of_SDS_held()
    {
        await using var agent = await PlayedAgent.StartAsync("workloads.firstSvidWait=2s");
        await using var unsynced = await PlayedAgent.StartAsync();
        await using var changing = await PlayedAgent.StartAsync();
        var partner = new MeshCa(Partner);
        var programs = new[] { "one", "partners", "nobody" }.ToDictionary(name => name, agent.Python);
        agent.Push(partner.Wire(1));
        foreach (var id in new[] { "first", "second" })
        {
            agent.Entry(id, $"unix:path:{programs["one"]}");
        }

        agent.Entry("internal", $"unix:path:{programs["partners"]}", "internal", Partner);
        agent.Entry("external", $"unix:path:{programs["partners"]}", "external");
        agent.Entry("younger", $"unix:path:{programs["partners"]}", "external");
        agent.Entry("plain", $"unix:path:{programs["partners"]}");
        agent.Entry("other", "unix:uid:4242");

        var runs = await Task.WhenAll(
            agent.CheckAsync(programs["one"], Script, "one", agent.Ca.TrustDomain.Name, agent.IdOf("first"), agent.IdOf("second")),
            agent.CheckAsync(
                programs["partners"], Script, "partners", agent.Ca.TrustDomain.Name, Partner, agent.IdOf("internal") + "=internal", agent.IdOf("external") + "=external",
                agent.IdOf("plain")),
            agent.CheckAsync(programs["nobody"], Script, "nobody"),
            unsynced.CheckAsync(unsynced.Python("unsynced"), Script, "unsynced"),
            ChangeAsync(changing, changing.Python("changing")));

        var held = string.Concat(runs).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(held, line => Assert.StartsWith("held: ", line, StringComparison.Ordinal));
        output.WriteLine($"{held.Length} rules held:\n{string.Join('\n', held)}");

        // Fewer would mean that a group of rules was not looked at.
        Assert.True(held.Distinct(StringComparer.Ordinal).Count() >= 85, $"{held.Distinct(StringComparer.Ordinal).Count()} rules");
        Assert.Equal((Nacks, ManyNacks), (agent.Metrics.Nacks, changing.Metrics.Nacks));
        Assert.Contains("meshgrains_agent_sds_nacks_total", await agent.HttpAsync("/metrics"), StringComparison.Ordinal);
    }

    /// <summary>Does to the program's identities what it waits for, step by step.</summary>
    private static async Task<string> ChangeAsync(PlayedAgent agent, string program)
    {
        var steps = Directory.CreateDirectory(Path.Combine(agent.Folder, "steps")).FullName;
        agent.Entry("changing", $"unix:path:{program}");
        var running = agent.CheckAsync(program, Script, "changing", steps);
        foreach (var (step, act) in new (string, Action)[]
        {
            ("rotate", () => agent.Renew("changing")),
            ("bundle", () => agent.Push(agent.Ca.Wire(2))),
            ("lists", () => agent.Push(agent.Ca.Lists(DateTimeOffset.UtcNow.AddHours(1)))),
            ("newer lists", () => agent.Push(agent.Ca.Lists(DateTimeOffset.UtcNow.AddHours(2)))),
            ("no lists", () => agent.Push(new RevocationLists())),
            ("more", () => agent.Entry("more", $"unix:path:{program}", "second")),
            ("less", () => agent.Remove("more")),
            ("nack", () => agent.Renew("changing")),
            ("refused", () => agent.Renew("changing")),
            ("none", () => agent.Remove("changing")),
        })
        {
            await Eventually.HoldsAsync(() => File.Exists(Path.Combine(steps, step)) || running.IsCompleted, $"the client comes to '{step}'");
            if (running.IsCompleted)
            {
                break;
            }

            act();
        }

        return await running;
    }
}
