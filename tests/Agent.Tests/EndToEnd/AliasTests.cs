using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;
using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>Two control planes of two trust domains that know nothing of each other, one agent in both, and this process as the workload on its one socket.</summary>
public sealed class AliasTests
{
    private const string Next = "next.mesh";
    private const string NextAgent = $"spiffe://{Next}/meshgrains/agent/node-1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string Own = $"unix:uid:{Tool.Run("/usr/bin/id", ["-u"]).Output.Trim()}";

    [SkippableFact]
    public async Task One_socket_gives_the_identities_of_both_each_holds_under_its_own_roots_alone_and_what_happens_to_one_leaves_the_other()
    {
        var openssl = Tool.Require("openssl", "openssl");
        await using var stage = await AgentStage.StartAsync();
        await using var next = await SiloProcess.StartAsync(Path.Combine(stage.Folder, "next"), trustDomain: Next);
        await next.ReadyAsync(withTemplates: false);
        await stage.EntryAsync("/app", [Own], "app");
        await EntryAsync(next, "/app", "app");
        var token = Path.Combine(stage.Folder, "next-token");
        await File.WriteAllTextAsync(token, await next.JoinTokenAsync(NextAgent));
        await stage.StartAgentAsync(
            $"aliases.0.trustDomain={Next}", $"aliases.0.controlPlane.addresses.0=https://127.0.0.1:{next.Gateway.Port}", $"aliases.0.controlPlane.trustBundle={next.BundlePath}",
            "aliases.0.controlPlane.maxBackoff=500ms", $"aliases.0.node.joinTokenFile={token}", "keyStore.mode=disk", $"keyStore.directory={Path.Combine(stage.Folder, "store")}");
        await Eventually.HoldsAsync(() => stage.Agent!.StateOf(0).Current.Svids.Count == 1 && stage.Agent!.StateOf(1).Current.Svids.Count == 1, "all certificates are there");
        Assert.Equal((AgentStage.AgentId, NextAgent), (stage.Agent!.LinkOf(0).Identity!.SpiffeId, stage.Agent!.LinkOf(1).Identity!.SpiffeId));

        await stage.CheckAsync("workload_api.py", "x509", null, stage.Folder, "spiffe://test.mesh/app=app", "spiffe://next.mesh/app=app");
        using var channel = new RpcChannel(new Uri("http://localhost"), new RpcChannelOptions { UnixSocketPath = stage.Socket });
        using var stream = Open(channel);
        var both = await UntilAsync(stream, "spiffe://test.mesh/app", "spiffe://next.mesh/app");
        Assert.Equal(["spiffe://next.mesh"], both.FederatedBundles.Keys);
        Assert.Equal(both.Svids[1].Bundle, both.FederatedBundles["spiffe://next.mesh"]);
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

        var named = await CallAsync(channel, "FetchJWTSVID", new JWTSVIDRequest { Audience = { "db" }, SpiffeId = "spiffe://next.mesh/app" }, JWTSVIDResponse.Parser);
        Assert.Equal(["spiffe://next.mesh/app"], named.Svids.Select(svid => svid.SpiffeId));

        // What an operator of one takes back is gone, and nothing of the other's.
        await stage.EntryAsync("/web", [Own]);
        await stage.Silo.PostAsync("/v1/denials", new { spiffeId = "spiffe://test.mesh/app", reason = "a test" });
        var left = await UntilAsync(stream, "spiffe://test.mesh/web", "spiffe://next.mesh/app");
        Assert.Equal(both.Svids[1].X509Svid, left.Svids[1].X509Svid);

        // One control plane goes: what is held of it stays, and the other one goes on.
        await stage.StopSiloAsync();
        await EntryAsync(next, "/later", "later");
        var after = await UntilAsync(stream, "spiffe://next.mesh/app", "spiffe://next.mesh/later", "spiffe://test.mesh/web");
        Assert.Equal("spiffe://test.mesh/web", after.Svids[0].SpiffeId);
        await Eventually.HoldsAsync(async () => (await ReadyzAsync(stage)).StartsWith("ok, serving what is held: test.mesh: ", StringComparison.Ordinal), "it tells which one is away");

        // Sealed apart; a start without the first control plane has all of it at once.
        await stage.StopAgentAsync();
        Assert.Equal(
            ["store/alias-next.mesh/identity.sealed", "store/alias-next.mesh/workloads.sealed", "store/identity.sealed", "store/workloads.sealed"],
            Directory.EnumerateFiles(Path.Combine(stage.Folder, "store"), "*.sealed", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(stage.Folder, file)).Order(StringComparer.Ordinal));
    }

    private static async Task EntryAsync(SiloProcess silo, string path, string hint) =>
        await silo.PostAsync("/v1/entries", new { spiffeId = $"spiffe://{Next}{path}", parentId = NextAgent, selectors = new[] { Own }, hint });

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
