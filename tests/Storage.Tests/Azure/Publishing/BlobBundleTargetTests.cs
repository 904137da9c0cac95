using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Azure.Storage.Blobs.Models;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.LocalCluster;
using MeshGrains.Testing;

namespace MeshGrains.Storage.Tests;

public sealed class BlobBundleTargetTests : IDisposable
{
    private static readonly byte[] Root = MakeRoot();

    private readonly BlobFixture _blobs = new();
    private readonly TempDirectory _folder = new();

    public BlobBundleTargetTests() => _folder.Write("key", AzuriteServer.AccountKey);

    public void Dispose()
    {
        _blobs.Dispose();
        _folder.Dispose();
    }

    [SkippableFact]
    public async Task The_bundle_lies_there_with_its_type_its_number_and_whose_it_is()
    {
        var target = await TargetAsync();
        Assert.Equal(3, await target.PublishAsync(Bundle(3), default));
        var there = (await _blobs.State.GetBlobClient("bundles/mesh.json").DownloadContentAsync()).Value;
        Assert.Equal(Bundle(3).In(BundleFormat.Spiffe).ToArray(), there.Content.ToArray());
        Assert.Equal(("application/json", "no-cache"), (there.Details.ContentType, there.Details.CacheControl));
        Assert.Equal(("mesh.test", "3"), (there.Details.Metadata[BlobBundleTarget.OwnerKey], there.Details.Metadata[BlobBundleTarget.NumberKey]));

        // The same again is not written again; a newer one is; an older one never is.
        Assert.Equal(3, await target.PublishAsync(Bundle(3), default));
        Assert.Equal(there.Details.ETag, (await _blobs.State.GetBlobClient("bundles/mesh.json").GetPropertiesAsync()).Value.ETag);
        Assert.Equal(8, await target.PublishAsync(Bundle(8), default));
        Assert.Equal(8, await target.PublishAsync(Bundle(7), default));
        Assert.Equal(Bundle(8).In(BundleFormat.Spiffe).ToArray(), await _blobs.BytesAsync("bundles/mesh.json"));
    }

    [SkippableFact]
    public async Task Silos_that_write_at_once_leave_the_newest()
    {
        await Task.WhenAll((await Task.WhenAll(Enumerable.Range(1, 6).Select(_ => TargetAsync()))).Select(async (target, index) =>
        {
            for (var tries = 0; ; tries++)
            {
                try
                {
                    await target.PublishAsync(Bundle(index + 1), default);
                    return;
                }
                catch (PublishingException) when (tries < 50)
                {
                    // Changed by others while it was written: the publisher comes back.
                }
            }
        }));
        Assert.Equal(Bundle(6).In(BundleFormat.Spiffe).ToArray(), await _blobs.BytesAsync("bundles/mesh.json"));
    }

    [SkippableTheory]
    [InlineData(null, "not made by MeshGrains")]
    [InlineData("other.test", "another trust domain")]
    public async Task A_blob_of_somebody_else_is_not_touched(string? owner, string told)
    {
        var target = await TargetAsync();
        await _blobs.State.GetBlobClient("bundles/mesh.json").UploadAsync(
            new BinaryData("theirs"), new BlobUploadOptions { Metadata = owner is null ? [] : new Dictionary<string, string> { [BlobBundleTarget.OwnerKey] = owner } });
        var refused = await Assert.ThrowsAsync<PublishingException>(() => target.PublishAsync(Bundle(3), default));
        Assert.Contains(told, refused.Message, StringComparison.Ordinal);
        Assert.Equal("theirs"u8.ToArray(), await _blobs.BytesAsync("bundles/mesh.json"));
    }

    [SkippableFact]
    public async Task A_container_that_is_missing_is_told()
    {
        _ = await TargetAsync();
        var target = Target("no-such-container");
        var refused = await Assert.ThrowsAsync<PublishingException>(() => target.PublishAsync(Bundle(3), default));
        Assert.Contains("no-such-container", refused.Message, StringComparison.Ordinal);
    }

    private async Task<BlobBundleTarget> TargetAsync()
    {
        var container = await _blobs.Get<BlobAccess>().StateAsync(default);
        return Target(container.Name);
    }

    private BlobBundleTarget Target(string container) => new(
        "public", new AzureStorageOptions
        {
            BlobEndpoint = _blobs.Endpoint, Container = container, LogContainer = "unused", AccountKeyFile = _folder.File("key"),
        },
        "bundles/mesh.json", BundleFormat.Spiffe, TimeSpan.FromMinutes(10));

    private static PublishedBundle Bundle(long number) => new(
        new SpiffeBundle(TrustDomain.Parse("mesh.test")).WithX509Authorities([Root]).WithSequence((ulong)number).WithRefreshHint(TimeSpan.FromMinutes(5)));

    private static byte[] MakeRoot()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=root", key, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(new DateTimeOffset(2029, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2039, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return made.RawData;
    }
}
