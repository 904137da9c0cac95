using MeshGrains.Agent.Tests.Kit;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>A silo, an agent and Debian's Python gRPC as the workload.</summary>
[Collection(nameof(OneSilo))]
public sealed class WorkloadApiTests(OneSilo one)
{
    private const string Script = "workload_api.py";
    private static readonly string Own = $"unix:uid:{Me()}";

    [SkippableFact]
    public async Task A_foreign_client_agrees_on_headers_methods_health_and_reflection_and_gets_SVIDs_that_openssl_accepts()
    {
        var openssl = Tool.Require("openssl", "openssl");
        await using var stage = await AgentStage.OnAsync(one.Stage, "foreign");
        await stage.StartAgentAsync();
        await stage.EntryAsync("/first", [Own]);
        await stage.CheckAsync(Script, "header");
        await Eventually.HoldsAsync(() => Synced(stage, 1), "the entry arrives");
        await stage.CheckAsync(Script, "x509", null, stage.Folder, "spiffe://test.mesh/first");
        foreach (var check in new[] { "unknown", "health", "reflection" })
        {
            await stage.CheckAsync(Script, check);
        }

        await stage.CheckAsync(Script, "bundles", null, "spiffe://test.mesh");

        // Leaf and intermediate lie one after another; openssl takes the leaf of the first and the chain by PEM.
        var chain = File.ReadAllBytes(Path.Combine(stage.Folder, "svid.der"));
        var leaf = Identity.ParsedCertificate.Read(chain.AsMemory(0, Length(chain)));
        var issuer = Identity.ParsedCertificate.Read(chain.AsMemory(Length(chain)));
        var bundle = File.ReadAllBytes(Path.Combine(stage.Folder, "bundle.der"));
        File.WriteAllText(Path.Combine(stage.Folder, "leaf.pem"), Identity.PemWriter.EncodeCertificate(leaf.Der.Span));
        File.WriteAllText(Path.Combine(stage.Folder, "issuer.pem"), Identity.PemWriter.EncodeCertificate(issuer.Der.Span));
        File.WriteAllText(Path.Combine(stage.Folder, "root.pem"), Identity.PemWriter.EncodeCertificate(bundle));
        Tool.Run(openssl, ["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "root.pem", "-untrusted", "issuer.pem", "leaf.pem"], workingDirectory: stage.Folder).EnsureSuccess();
        var ofCertificate = Tool.Run(openssl, ["x509", "-in", "leaf.pem", "-noout", "-pubkey"], workingDirectory: stage.Folder).EnsureSuccess().Output;
        var ofKey = Tool.Run(openssl, ["pkey", "-inform", "DER", "-in", "key.der", "-pubout"], workingDirectory: stage.Folder).EnsureSuccess().Output;
        Assert.Equal(ofCertificate, ofKey);
    }

    [SkippableFact]
    public async Task Several_identities_come_oldest_first_with_their_hints_and_one_hint_once()
    {
        await using var stage = await AgentStage.OnAsync(one.Stage, "several");
        var first = await stage.EntryAsync("/b", [Own], "external");
        await NextSecondAsync();
        await stage.EntryAsync("/a", [Own, "unix:gid:0"], "internal");
        await NextSecondAsync();
        await stage.EntryAsync("/c", [Own], "external");
        await stage.EntryAsync("/not", [Own, "unix:uid:4242"]);
        await stage.StartAgentAsync();
        await Eventually.HoldsAsync(() => Synced(stage, 4), "the entries arrive");

        Skip.IfNot(Me() == "0", "root's own group is part of the check");
        await stage.CheckAsync(Script, "x509", null, stage.Folder, "spiffe://test.mesh/b=external", "spiffe://test.mesh/a=internal");
        Assert.NotEmpty(first);
    }

    [SkippableFact]
    public async Task An_agent_that_has_not_heard_from_the_control_plane_is_unavailable()
    {
        await using var stage = await AgentStage.OnAsync(one.Stage, "unheard");
        File.WriteAllText(stage.TokenFile, "mgj_unknown");
        await stage.StartAgentAsync();

        await stage.CheckAsync(Script, "unavailable");
        await stage.CheckAsync(Script, "header");
    }

    [SkippableFact]
    public async Task A_foreign_uid_gets_nothing()
    {
        Skip.IfNot(Me() == "0", "only root can become somebody else");
        await using var stage = await AgentStage.OnAsync(one.Stage, "uids");
        await stage.EntryAsync("/roots-own", [Own]);
        await stage.EntryAsync("/theirs", ["unix:uid:4711"]);
        await stage.StartAgentAsync();
        await Eventually.HoldsAsync(() => Synced(stage, 2), "the entries arrive");

        await stage.CheckAsync(Script, "no_identity", uid: 65534);
        await stage.CheckAsync("sds.py", "no_identity", uid: 65534);
        await stage.CheckAsync(Script, "x509", null, stage.Folder, "spiffe://test.mesh/roots-own");
    }

    [SkippableFact]
    public async Task A_deleted_entry_reaches_a_standing_stream_at_once()
    {
        await using var stage = await AgentStage.OnAsync(one.Stage, "standing");
        var entry = await stage.EntryAsync("/gone", [Own]);
        await stage.StartAgentAsync();
        await Eventually.HoldsAsync(() => Synced(stage, 1), "the entry arrives");
        var ready = Path.Combine(stage.Folder, "ready");
        var watching = stage.CheckAsync(Script, "withdrawn", null, ready);
        await Eventually.HoldsAsync(() => File.Exists(ready) || watching.IsCompleted, "the stream stands");

        using var deleted = await stage.Silo.Admin.DeleteAsync($"/v1/entries/{entry}?reason=test");
        Assert.True(deleted.IsSuccessStatusCode);

        await watching;
    }

    private static bool Synced(AgentStage stage, int svids)
    {
        var state = stage.Agent!.StateOf();
        return state.Current.Svids.Count == svids;
    }

    private static Task NextSecondAsync()
    {
        var second = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return Eventually.HoldsAsync(() => DateTimeOffset.UtcNow.ToUnixTimeSeconds() > second, "the clock goes on");
    }

    private static string Me() => Tool.Run("/usr/bin/id", ["-u"]).Output.Trim();

    private static int Length(byte[] der)
    {
        System.Formats.Asn1.AsnDecoder.ReadSequence(der, System.Formats.Asn1.AsnEncodingRules.DER, out _, out _, out var length);
        return length;
    }
}
