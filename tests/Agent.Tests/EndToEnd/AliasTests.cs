using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;
using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>Two control planes of two trust domains that know nothing of each other, one agent in both, and this process as the workload on its one socket.</summary>
[Collection(nameof(TwoDomains))]
public sealed class AliasTests(TwoDomains domains)
{
    private const string Next = TwoDomains.Other;
    private const string FirstAgent = "spiffe://test.mesh/meshgrains/agent/node-2";
    private const string NextAgent = $"spiffe://{Next}/meshgrains/agent/node-2";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string Own = $"unix:uid:{Tool.Run("/usr/bin/id", ["-u"]).Output.Trim()}";

    [SkippableFact]
    public async Task One_socket_gives_the_identities_of_both_each_holds_under_its_own_roots_alone_and_what_happens_to_one_leaves_the_other()
    {
        var openssl = Tool.Require("openssl", "openssl");
        var (stage, next) = (domains.Stage, domains.OtherSilo);
        await stage.StopAgentAsync();
        await EntryAsync(stage.Silo, FirstAgent, "/moving", "app");
        await EntryAsync(next, NextAgent, "/moving", "app");
        var (firstToken, nextToken) = (Path.Combine(stage.Folder, "first-token"), Path.Combine(stage.Folder, "next-token"));
        await File.WriteAllTextAsync(firstToken, await stage.Silo.JoinTokenAsync(FirstAgent));
        await File.WriteAllTextAsync(nextToken, await next.JoinTokenAsync(NextAgent));
        await stage.StartAgentAsync(
            $"node.joinTokenFile={firstToken}", $"aliases.0.trustDomain={Next}",
            $"aliases.0.controlPlane.addresses.0=https://127.0.0.1:{next.Gateway.Port}", $"aliases.0.controlPlane.trustBundle={next.BundlePath}", "aliases.0.controlPlane.maxBackoff=500ms",
            $"aliases.0.node.joinTokenFile={nextToken}", "keyStore.mode=disk", $"keyStore.directory={Path.Combine(stage.Folder, "store")}");
        await Eventually.HoldsAsync(
            () => new[] { 0, 1 }.Select(domain => stage.Agent!.StateOf(domain).Current).All(held => held.Svids.Count == 1 && held.OwnBundle!.Bundle.JwtAuthorities.Count > 0),
            "certificates and JWT keys of both are there");
        Assert.Equal((FirstAgent, NextAgent), (stage.Agent!.LinkOf(0).Identity!.SpiffeId, stage.Agent!.LinkOf(1).Identity!.SpiffeId));

        await stage.CheckAsync("workload_api.py", "x509", null, stage.Folder, "spiffe://test.mesh/moving=app", "spiffe://other.mesh/moving=app");
        using var channel = new RpcChannel(new Uri("http://localhost"), new RpcChannelOptions { UnixSocketPath = stage.Socket });
        using var stream = Open(channel);
        var both = await UntilAsync(stream, "spiffe://test.mesh/moving", "spiffe://other.mesh/moving");
        Assert.Equal(["spiffe://other.mesh"], both.FederatedBundles.Keys);
        Assert.Equal(both.Svids[1].Bundle, both.FederatedBundles["spiffe://other.mesh"]);
        Assert.Equal(("OK", "refused", "refused", "OK"), (
            Verify(openssl, stage.Folder, both.Svids[0], both.Svids[0]), Verify(openssl, stage.Folder, both.Svids[0], both.Svids[1]),
            Verify(openssl, stage.Folder, both.Svids[1], both.Svids[0]), Verify(openssl, stage.Folder, both.Svids[1], both.Svids[1])));

        // A token of each, and each is believed by the keys of its own trust domain.
        var tokens = await CallAsync(channel, "FetchJWTSVID", new JWTSVIDRequest { Audience = { "db" } }, JWTSVIDResponse.Parser);
        Assert.Equal(both.Svids.Select(svid => svid.SpiffeId), tokens.Svids.Select(svid => svid.SpiffeId));
        foreach (var one in tokens.Svids)
        {
            var told = await CallAsync(channel, "ValidateJWTSVID", new ValidateJWTSVIDRequest { Audience = "db", Svid = one.Svid }, ValidateJWTSVIDResponse.Parser);
            Assert.Equal(one.SpiffeId, told.SpiffeId);
        }

        var named = await CallAsync(channel, "FetchJWTSVID", new JWTSVIDRequest { Audience = { "db" }, SpiffeId = "spiffe://other.mesh/moving" }, JWTSVIDResponse.Parser);
        Assert.Equal(["spiffe://other.mesh/moving"], named.Svids.Select(svid => svid.SpiffeId));

        // What an operator of one takes back is gone, and nothing of the other's.
        await EntryAsync(stage.Silo, FirstAgent, "/stays", "");
        await stage.Silo.PostAsync("/v1/denials", new { spiffeId = "spiffe://test.mesh/moving", reason = "a test" });
        var left = await UntilAsync(stream, "spiffe://test.mesh/stays", "spiffe://other.mesh/moving");
        Assert.Equal(both.Svids[1].X509Svid, left.Svids[1].X509Svid);

        // One control plane goes: what is held of it stays, and the other one goes on.
        await stage.StopSiloAsync();
        await EntryAsync(next, NextAgent, "/later", "later");
        var after = await UntilAsync(stream, "spiffe://other.mesh/moving", "spiffe://other.mesh/later", "spiffe://test.mesh/stays");
        Assert.Equal("spiffe://test.mesh/stays", after.Svids[0].SpiffeId);
        await Eventually.HoldsAsync(async () => (await ReadyzAsync(stage)).StartsWith("ok, serving what is held: test.mesh: ", StringComparison.Ordinal), "it tells which one is away");

        // Sealed apart.
        await stage.StopAgentAsync();
        Assert.Equal(
            ["store/alias-other.mesh/identity.sealed", "store/alias-other.mesh/workloads.sealed", "store/identity.sealed", "store/workloads.sealed"],
            Directory.EnumerateFiles(Path.Combine(stage.Folder, "store"), "*.sealed", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(stage.Folder, file)).Order(StringComparer.Ordinal));
        await stage.StartSiloAsync();
    }

    private static async Task EntryAsync(SiloProcess silo, string agent, string path, string hint) =>
        await silo.PostAsync("/v1/entries", new { spiffeId = $"spiffe://{SpiffeId.Parse(agent).TrustDomain}{path}", parentId = agent, selectors = new[] { Own }, hint });

    private static RpcServerStreamingCall<X509SVIDResponse> Open(RpcChannel channel) =>
        channel.ServerStreaming("/SpiffeWorkloadAPI/FetchX509SVID", new X509SVIDRequest(), X509SVIDResponse.Parser, Header, CancellationToken.None);

    private static RpcCallOptions Header => new() { Headers = new RpcMetadata { { CallerSource.SecurityHeader, "true" } } };

    private static Task<TResponse> CallAsync<TRequest, TResponse>(RpcChannel channel, string method, TRequest request, Google.Protobuf.MessageParser<TResponse> parser)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TResponse : class, Google.Protobuf.IMessage<TResponse> =>
        channel.UnaryAsync($"/SpiffeWorkloadAPI/{method}", request, parser, Header, CancellationToken.None);

    /// <summary>The first message with exactly these identities; those of one second come in any order.</summary>
    private static async Task<X509SVIDResponse> UntilAsync(RpcServerStreamingCall<X509SVIDResponse> stream, params string[] ids)
    {
        while (true)
        {
            var message = await stream.ReadAsync().AsTask().WaitAsync(Patience) ?? throw new InvalidOperationException($"The stream ended before {string.Join(", ", ids)}.");
            if (message.Svids.Select(svid => svid.SpiffeId).ToHashSet().SetEquals(ids))
            {
                return message;
            }
        }
    }

    /// <summary>What openssl says of one SVID's chain by the roots of another one.</summary>
    private static string Verify(string openssl, string folder, X509SVID svid, X509SVID roots)
    {
        var leaf = svid.X509Svid.Memory[..Length(svid.X509Svid.Span)];
        File.WriteAllText(Path.Combine(folder, "leaf.pem"), PemWriter.EncodeCertificate(leaf.Span));
        File.WriteAllText(Path.Combine(folder, "issuer.pem"), PemWriter.EncodeCertificate(svid.X509Svid.Span[leaf.Length..]));
        File.WriteAllText(Path.Combine(folder, "root.pem"), PemWriter.EncodeCertificate(roots.Bundle.Span));
        var result = Tool.Run(openssl, ["verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "issuer.pem", "leaf.pem"], workingDirectory: folder);
        return result.ExitCode == 0 ? "OK" : result.Errors.Contains("verification failed", StringComparison.Ordinal) ? "refused" : result.ToString();
    }

    /// <summary>Of the first certificate: its header tells.</summary>
    private static int Length(ReadOnlySpan<byte> der) => 4 + (der[2] << 8) + der[3];

    private static async Task<string> ReadyzAsync(AgentStage stage)
    {
        using var client = new HttpClient();
        using var response = await client.GetAsync($"http://127.0.0.1:{stage.OperationsPort}/readyz");
        return await response.Content.ReadAsStringAsync();
    }
}
