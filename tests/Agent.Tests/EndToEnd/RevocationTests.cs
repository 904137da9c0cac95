using System.Diagnostics;
using Google.Protobuf;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;
using Xunit.Abstractions;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>A silo, an agent, and this process as the workload: what an operator takes back is gone from the stream that stands.</summary>
public sealed class RevocationTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string Own = $"unix:uid:{Tool.Run("/usr/bin/id", ["-u"]).Output.Trim()}";

    [SkippableFact]
    public async Task A_taint_replaces_what_the_CA_signed_a_quarantine_takes_the_identity_and_a_ban_takes_all_while_the_streams_stand()
    {
        var openssl = Tool.Require("openssl", "openssl");
        await using var stage = await AgentStage.StartAsync("revocation.crl=true");
        await stage.EntryAsync("/web", [Own]);
        await stage.EntryAsync("/db", [Own]);
        await stage.StartAgentAsync();
        await WorkloadClient.FetchAsync(stage.Socket);
        using var channel = new RpcChannel(new Uri("http://localhost"), new RpcChannelOptions { UnixSocketPath = stage.Socket });
        using var stream = Open(channel);
        var first = await NextAsync(stream, svids => svids.Count == 2, "both identities");
        var issuers = first.Values.ToHashSet();

        // A time to replace leaves the agent its own SVID, by which it renews.
        var tainted = Assert.Single(issuers);
        var watch = Stopwatch.StartNew();
        await stage.Silo.PostAsync($"/v1/issuing-cas/{tainted}/taint", new { reason = "a test", reissueOverSeconds = 1 });
        await NextAsync(stream, svids => svids.Count == 2 && !svids.ContainsValue(tainted), "both are of another CA");
        output.WriteLine($"tainted over 1 s and replaced on the stream after {watch.ElapsedMilliseconds} ms");
        Assert.NotNull(await stage.Silo.GetAsync("/v1/agents/node-1"));

        var state = stage.Agent!.StateOf();
        var before = state.Current.Svids.Values.OrderByDescending(svid => svid.SpiffeId, StringComparer.Ordinal).ToList();
        watch.Restart();
        await stage.Silo.PostAsync("/v1/denials", new { spiffeId = "spiffe://test.mesh/db", reason = "a test" });
        await NextAsync(stream, svids => svids.Count == 1 && svids.ContainsKey("spiffe://test.mesh/web"), "the quarantined one is gone");
        output.WriteLine($"quarantined and taken from the stream after {watch.ElapsedMilliseconds} ms");
        // Who asks for lists learns of both: the identity's certificates under the new CA, and the CA from before.
        var web = Assert.Single(state.Current.Svids.Values);
        Assert.Equal("spiffe://test.mesh/web", web.SpiffeId);
        watch.Restart();
        await Eventually.HoldsAsync(() => VerifiesAsync(stage, openssl, before[^1], "error 23"), "the quarantined one is on a list");
        await Eventually.HoldsAsync(() => VerifiesAsync(stage, openssl, web, "OK"), "the other one is on none");
        output.WriteLine($"on the lists after {watch.ElapsedMilliseconds} ms");

        // The agent's stream brings them, and whoever asks for SVIDs gets them beside.
        await Eventually.HoldsAsync(() => Names(state.Current.Crls?.Lists ?? [], before[^1]), "the agent has that list");
        using (var later = Open(channel))
        {
            var message = (await later.ReadAsync().AsTask().WaitAsync(Patience))!;
            Assert.True(Names(message.Crl, before[^1]));
            Assert.False(Names(message.Crl, web));
        }

        output.WriteLine($"at the workload after {watch.ElapsedMilliseconds} ms");

        watch.Restart();
        await stage.Silo.PostAsync("/v1/agents/node-1/ban", new { reason = "a test" });
        var refused = await Assert.ThrowsAsync<RpcException>(() => NextAsync(stream, _ => false, "the end"));
        output.WriteLine($"banned and told on the stream after {watch.ElapsedMilliseconds} ms");
        Assert.Equal(RpcStatusCode.PermissionDenied, refused.StatusCode);
        Assert.Empty(state.Current.Svids);

        using var lifted = await stage.Silo.Admin.DeleteAsync("/v1/agents/node-1/ban?reason=found");
        Assert.True(lifted.IsSuccessStatusCode);
        Assert.Equal(["spiffe://test.mesh/web"], await WorkloadClient.FetchAsync(stage.Socket));
    }

    /// <summary>What openssl says of a chain by the silo's lists.</summary>
    private static async Task<bool> VerifiesAsync(AgentStage stage, string openssl, WorkloadSvid svid, string says)
    {
        using var answer = await stage.Silo.Admin.GetAsync("/crl/all.pem");
        File.WriteAllText(Path.Combine(stage.Folder, "lists.pem"), await answer.Content.ReadAsStringAsync());
        File.WriteAllText(Path.Combine(stage.Folder, "leaf.pem"), PemWriter.EncodeCertificate(svid.Chain[0].Span));
        File.WriteAllText(Path.Combine(stage.Folder, "issuer.pem"), PemWriter.EncodeCertificate(svid.Chain[1].Span));
        var result = Tool.Run(
            openssl, ["verify", "-crl_check_all", "-CRLfile", "lists.pem", "-CAfile", stage.Bundle, "-untrusted", "issuer.pem", "leaf.pem"], workingDirectory: stage.Folder);
        return (result.Output + result.Errors).Contains(says, StringComparison.Ordinal);
    }

    private static bool Names(IEnumerable<ByteString> lists, WorkloadSvid svid) => lists.Any(
        list => ParsedCrl.TryRead(list.Memory, out var crl, out _) && crl.Revoked.Any(revoked => revoked.Serial == ParsedCertificate.Read(svid.Chain[0]).SerialHex));

    private static RpcServerStreamingCall<X509SVIDResponse> Open(RpcChannel channel) => channel.ServerStreaming(
        "/SpiffeWorkloadAPI/FetchX509SVID", new X509SVIDRequest(), X509SVIDResponse.Parser,
        new RpcCallOptions { Headers = new RpcMetadata { { CallerSource.SecurityHeader, "true" } } }, CancellationToken.None);

    /// <summary>The issuing CA of each identity, of the first message of which that holds.</summary>
    private static async Task<Dictionary<string, string>> NextAsync(RpcServerStreamingCall<X509SVIDResponse> stream, Func<Dictionary<string, string>, bool> holds, string what)
    {
        while (true)
        {
            var message = await stream.ReadAsync().AsTask().WaitAsync(Patience) ?? throw new InvalidOperationException($"The stream ended before {what}.");
            var svids = message.Svids.ToDictionary(
                svid => svid.SpiffeId, svid => Convert.ToHexStringLower(ParsedCertificate.Read(svid.X509Svid.Memory[..Length(svid.X509Svid.Span)]).AuthorityKeyIdentifier.Span));
            if (holds(svids))
            {
                return svids;
            }
        }
    }

    /// <summary>Of the first certificate: its header tells.</summary>
    private static int Length(ReadOnlySpan<byte> der) => 4 + (der[2] << 8) + der[3];
}
