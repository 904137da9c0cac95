using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

/// <summary>What lies in the container, to the byte: names, frames, contents.</summary>
public sealed class RegistrationBlobFormTests : IDisposable
{
    private const string Identity = "registrations/identities/mesh.local/8479c9fe13b49e7b889428620874e31b8e5edbeb6500d7e203e172b855bd0af3";
    private const string Parent = "registrations/parents/mesh.local/a01fac80fbe02f49b377d4b4aa2d52f0f5f3b28dd3079c0975b583bebaa08a1c/758d60f9f77c576412f46fa855a3e3bcc058b47ffca9f37ed35002851a63fe4f/8479c9fe13b49e7b889428620874e31b8e5edbeb6500d7e203e172b855bd0af3";

    private static readonly CancellationToken None = CancellationToken.None;

    private readonly BlobFixture _blobs = new();

    public void Dispose() => _blobs.Dispose();

    [SkippableFact]
    public async Task An_entry_is_one_authenticated_blob_and_two_that_lead_to_it()
    {
        await _blobs.Get<IRegistrationStore>().PutEntryAsync(Records.Entry("a"), None);

        Assert.Equal([Identity, "registrations/ids/mesh.local/6100", Parent], await _blobs.NamesAsync(""));
        var bytes = await _blobs.BytesAsync(Identity);
        Assert.Equal(
            "4D474231" + "03" + "0000000000000001" + "F33DD98BD50EDDF4A00AAB5754405DB1754D8768E02B6C4DB20AA1849F9CFD80",
            Convert.ToHexString(bytes.AsSpan(0, 45)));
        Assert.Equal(
            """{"entries":[{"id":"a","trustDomain":"mesh.local","spiffeId":"spiffe://mesh.local/ns/shop/sa/service-1","parentId":"spiffe://mesh.local/node/a","selectors":[{"type":"k8s","value":"ns:shop"},{"type":"k8s","value":"sa:cart"}],"x509SvidTtlSeconds":3600,"jwtSvidTtlSeconds":null,"dnsNames":["cart.shop.svc"],"hint":"internal","federatesWith":["other.example"],"expiresAt":null,"createdAt":"2030-01-01T00:00:00+00:00","revision":1,"operationId":"op-a-1"}]}""",
            Encoding.UTF8.GetString(bytes.AsSpan(45)));
        Assert.Empty(await _blobs.BytesAsync(Parent));
        Assert.Empty(await _blobs.BytesAsync("registrations/ids/mesh.local/6100"));
        Assert.Equal([KeyValuePair.Create("identity", "8479c9fe13b49e7b889428620874e31b8e5edbeb6500d7e203e172b855bd0af3")], await MetadataAsync());

        await _blobs.Get<IRegistrationStore>().DeleteEntryAsync(Records.TrustDomain, "a", 1, None);
        Assert.Equal([Identity, "registrations/ids/mesh.local/6100"], await _blobs.NamesAsync(""));
        Assert.Equal("""{"entries":[]}""", Encoding.UTF8.GetString((await _blobs.BytesAsync(Identity)).AsSpan(45)));
        Assert.Equal([KeyValuePair.Create("deleted", "done"), KeyValuePair.Create("identity", "8479c9fe13b49e7b889428620874e31b8e5edbeb6500d7e203e172b855bd0af3")], await MetadataAsync());
    }

    [SkippableFact]
    public async Task Templates_are_one_authenticated_blob()
    {
        var store = _blobs.Get<IRegistrationStore>();
        await store.PutTemplateAsync(Records.Template("u"), None);
        await store.DeleteTemplateAsync(Records.TrustDomain, "u", 1, None);
        await store.PutTemplateAsync(Records.Template("t"), None);

        var bytes = await _blobs.BytesAsync("registrations/templates/mesh.local");
        Assert.Equal(
            "4D474231" + "03" + "0000000000000003" + "951F0BBD4E0F88CF6D679FC3EE90CF540578C7B20D1BDA9D189524B99CFBA56B",
            Convert.ToHexString(bytes.AsSpan(0, 45)));
        Assert.Equal(
            """{"templates":[{"id":"t","trustDomain":"mesh.local","source":"prod","pattern":"spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}","x509SvidTtlSeconds":null,"hint":null,"createdAt":"2030-01-01T00:00:00+00:00","revision":1,"operationId":"op-t-1"}],"deleted":["u"]}""",
            Encoding.UTF8.GetString(bytes.AsSpan(45)));
    }

    private async Task<IEnumerable<KeyValuePair<string, string>>> MetadataAsync()
        => (await _blobs.State.GetBlobClient("registrations/ids/mesh.local/6100").GetPropertiesAsync()).Value.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal);
}
