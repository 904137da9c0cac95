using System.Diagnostics;
using MeshGrains.Grains;
using MeshGrains.LocalCluster;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Storage.Tests;

public sealed class BlobAccessTests
{
    private const int Stop = 19;
    private const int Continue = 18;

    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_store_that_nobody_serves_is_told_with_its_address_and_what_to_check()
    {
        using var folder = new TempDirectory();
        var endpoint = $"http://127.0.0.1:{LoopbackPort.Free()}/{AzuriteServer.Account}";
        var failure = await OpenAsync(folder, endpoint, AzuriteServer.AccountKey);

        Assert.Contains(endpoint, failure.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be reached", failure.Message, StringComparison.Ordinal);
        Assert.Contains("storage.blobEndpoint", failure.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_wrong_key_is_told_and_never_shown()
    {
        using var folder = new TempDirectory();
        var key = Convert.ToBase64String(new byte[64]);
        var failure = await OpenAsync(folder, AzuriteFixture.Get().BlobEndpoint, key);

        Assert.Contains("Check the account key", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(key, failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Headers", failure.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_store_that_hangs_fails_in_bounded_time_and_recovers()
    {
        RequiredServer.Azurite();
        await using var server = await AzuriteServer.StartAsync(null, LoopbackPort.Free(), None);
        using var blobs = new BlobFixture { Endpoint = server.BlobEndpoint };
        var process = blobs.NewProcess(networkTimeout: TimeSpan.FromSeconds(1));
        var (denials, storage) = (process.GetRequiredService<IDenialStore>(), BlobFixture.StorageOf(process));
        await denials.WriteAsync(Records.TrustDomain, Records.Denials(1), None);

        Signals.Send(server.Process.Id, Stop);
        try
        {
            var clock = Stopwatch.StartNew();
            var failure = await Assert.ThrowsAsync<BlobStoreException>(async () => await denials.ReadAsync(Records.TrustDomain, None));
            Assert.Contains("did not answer in time", failure.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<BlobStoreException>(() => storage.ReadStateAsync("state", Orleans.Runtime.GrainId.Create("test", "a"), new Cell<Trusted>()));

            // Three tries of a second each and the pauses between, twice; and room for a machine that is busy.
            Assert.InRange(clock.Elapsed.TotalSeconds, 4, 60);
        }
        finally
        {
            Signals.Send(server.Process.Id, Continue);
        }

        Assert.Equal(1, (await blobs.NewProcess().GetRequiredService<IDenialStore>().ReadAsync(Records.TrustDomain, None)).Number);
        await denials.WriteAsync(Records.TrustDomain, Records.Denials(2), None);
    }

    [SkippableFact]
    public async Task A_denial_set_whose_reply_is_lost_is_there_for_who_reads_again()
    {
        using var blobs = new BlobFixture();
        var store = blobs.Get<IDenialStore>();
        blobs.Requests.LoseReply = (method, path) => method == "PUT" && path.Contains("/denials/", StringComparison.Ordinal);

        await Assert.ThrowsAsync<RecordConflictException>(async () => await store.WriteAsync(Records.TrustDomain, Records.Denials(1, "spiffe://mesh.local/a"), None));
        Assert.Equal("op-1", Assert.Single((await store.ReadAsync(Records.TrustDomain, None)).Denials).OperationId);
    }

    [SkippableFact]
    public async Task A_state_whose_reply_is_lost_is_there_for_who_reads_again()
    {
        using var blobs = new BlobFixture();
        var (storage, grain) = (BlobFixture.StorageOf(blobs.Process), Orleans.Runtime.GrainId.Create("test", "a"));
        blobs.Requests.LoseReply = (method, path) => method == "PUT" && path.Contains("/state-", StringComparison.Ordinal);

        var cell = new Cell<Trusted> { State = new Trusted("mine") };
        await Assert.ThrowsAsync<Orleans.Storage.InconsistentStateException>(() => storage.WriteStateAsync("state", grain, cell));
        await storage.ReadStateAsync("state", grain, cell);
        Assert.Equal("mine", cell.State!.Value);
        await storage.WriteStateAsync("state", grain, cell);
    }

    [SkippableFact]
    public async Task A_join_token_whose_taking_is_not_heard_of_serves_the_call_that_took_it_alone()
    {
        using var blobs = new BlobFixture();
        var store = blobs.Get<IJoinTokenStore>();
        await store.AddAsync(Records.Token(1), None);
        blobs.Requests.LoseReply = (method, path) => method == "PUT" && path.Contains("/join-tokens/consumed/", StringComparison.Ordinal);

        Assert.NotNull(await store.TryConsumeAsync(Records.TrustDomain, Records.Token(1).TokenHash, "a-call", Records.Start, None));
        Assert.Null(await store.TryConsumeAsync(Records.TrustDomain, Records.Token(1).TokenHash, "another-call", Records.Start, None));
    }

    [SkippableFact]
    public async Task A_blob_larger_than_any_record_is_refused_before_it_is_read()
    {
        using var blobs = new BlobFixture();
        await blobs.Get<IDenialStore>().ReadAsync(Records.TrustDomain, None);
        await blobs.PutAsync("denials/mesh.local", new byte[BlobSizePolicy.MaxBytes + 1]);

        await Assert.ThrowsAsync<RecordTamperedException>(async () => await blobs.Get<IDenialStore>().ReadAsync(Records.TrustDomain, None));
    }

    private static async Task<BlobStoreException> OpenAsync(TempDirectory folder, string endpoint, string key)
    {
        File.WriteAllText(folder.File("key"), key);
        var access = new BlobAccess(new AzureStorageOptions { BlobEndpoint = endpoint, AccountKeyFile = folder.File("key") });
        return await Assert.ThrowsAsync<BlobStoreException>(async () => await access.StateAsync(None));
    }
}
