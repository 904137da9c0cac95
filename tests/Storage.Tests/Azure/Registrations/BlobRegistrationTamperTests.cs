using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class BlobRegistrationTamperTests : IDisposable
{
    private const string Templates = "registrations/templates/mesh.local";

    private static readonly CancellationToken None = CancellationToken.None;

    private readonly BlobFixture _blobs = new();

    private IRegistrationStore Store => _blobs.Get<IRegistrationStore>();

    public void Dispose() => _blobs.Dispose();

    [SkippableTheory]
    [InlineData(Tampering.Edited)]
    [InlineData(Tampering.Renumbered)]
    [InlineData(Tampering.Untagged)]
    [InlineData(Tampering.Retagged)]
    [InlineData(Tampering.Ended)]
    [InlineData(Tampering.Truncated)]
    [InlineData(Tampering.CutContent)]
    [InlineData(Tampering.Emptied)]
    [InlineData(Tampering.Garbage)]
    public async Task An_identity_or_templates_that_were_tampered_with_are_refused_on_every_way_to_them(Tampering how)
    {
        await Store.PutEntryAsync(Records.Entry("a"), None);
        await Store.PutTemplateAsync(Records.Template("t"), None);
        await _blobs.TamperAsync(Identity(1), how);
        await _blobs.TamperAsync(Templates, how);
        _blobs.Restart();

        await RefusedAsync(async () => await Store.GetEntryAsync(Records.TrustDomain, "a", None));
        await RefusedAsync(async () => await Store.FindEntriesByIdentityAsync(Records.TrustDomain, Records.Identity(1), None));
        await RefusedAsync(async () => await Store.ListEntriesAsync(Records.TrustDomain, null, 10, None));
        await RefusedAsync(async () => await Store.FindEntriesBySelectorsAsync(
            Records.TrustDomain, "spiffe://mesh.local/node/a", Records.Entry("a").Selectors, None));
        await RefusedAsync(async () => await Store.PutEntryAsync(Records.Entry("a", revision: 2), None));
        await RefusedAsync(async () => await Store.PutEntryAsync(Records.Entry("b", 1, 1, "k8s:ns:new"), None));
        await RefusedAsync(async () => await Store.DeleteEntryAsync(Records.TrustDomain, "a", 1, None));
        await RefusedAsync(async () => await Store.ListTemplatesAsync(Records.TrustDomain, None));
        await RefusedAsync(async () => await Store.PutTemplateAsync(Records.Template("u", pattern: "spiffe://{trustDomain}/x/{k8s.ns}"), None));
    }

    [SkippableFact]
    public async Task An_identity_put_in_the_place_of_another_is_refused()
    {
        await Store.PutEntryAsync(Records.Entry("a", 1), None);
        await Store.PutEntryAsync(Records.Entry("b", 2), None);
        await _blobs.PutAsync(Identity(1), await _blobs.BytesAsync(Identity(2)));
        _blobs.Restart();

        await RefusedAsync(async () => await Store.GetEntryAsync(Records.TrustDomain, "a", None));
    }

    [SkippableFact]
    public async Task An_identity_that_was_put_back_or_removed_is_refused()
    {
        await Store.PutEntryAsync(Records.Entry("a"), None);
        var kept = await _blobs.BytesAsync(Identity(1));
        await Store.DeleteEntryAsync(Records.TrustDomain, "a", 1, None);
        await _blobs.PutAsync(Identity(1), kept);
        await RefusedAsync(async () => await Store.FindEntriesByIdentityAsync(Records.TrustDomain, Records.Identity(1), None));

        await _blobs.DeleteAsync(Identity(1));
        await RefusedAsync(async () => await Store.FindEntriesByIdentityAsync(Records.TrustDomain, Records.Identity(1), None));
        await RefusedAsync(async () => await Store.PutEntryAsync(Records.Entry("b"), None));
    }

    [SkippableFact]
    public async Task What_is_planted_in_the_index_gives_nobody_an_entry()
    {
        await Store.PutEntryAsync(Records.Entry("a", 1, 1, "k8s:ns:shop", "k8s:sa:cart"), None);
        var victim = IdentityBlobs.HashOf(Records.Identity(1));
        var evil = $"{RegistrationKeys.Digest(["spiffe://mesh.local/node/evil"])}/{RegistrationKeys.Digest(["k8s:ns:evil"])}";
        await _blobs.PutAsync($"registrations/parents/mesh.local/{evil}/{victim}", []);
        await _blobs.PutAsync($"registrations/parents/mesh.local/{evil}/{new string('0', 64)}", []);
        await _blobs.PutAsync($"registrations/parents/mesh.local/{evil}/nonsense", []);
        await _blobs.PutAsync("registrations/ids/mesh.local/nonsense", []);
        await _blobs.Get<BlobIndex>().PutAsync(
            "registrations/ids/mesh.local/" + EntryIdPath.Of("planted"), new Dictionary<string, string> { ["identity"] = victim }, null, None);

        Assert.True(Selector.TryParse("k8s:ns:evil", out var selector));
        Assert.Empty(await Store.FindEntriesBySelectorsAsync(Records.TrustDomain, "spiffe://mesh.local/node/evil", [selector!], None));
        Assert.Null(await Store.GetEntryAsync(Records.TrustDomain, "planted", None));
        Assert.Equal("a", Assert.Single(await Store.ListEntriesAsync(Records.TrustDomain, null, 10, None)).Id);
    }

    private static string Identity(int number) => $"registrations/identities/mesh.local/{IdentityBlobs.HashOf(Records.Identity(number))}";

    private static Task<RecordTamperedException> RefusedAsync(Func<Task> act) => Assert.ThrowsAsync<RecordTamperedException>(act);
}
