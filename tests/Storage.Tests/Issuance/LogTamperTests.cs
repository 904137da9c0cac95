using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class LogTamperTests : LogFixture
{
    [Theory]
    [InlineData("UPDATE batch SET body = CAST(body || x'00' AS BLOB) WHERE number = 1")]
    [InlineData("UPDATE batch SET body = CAST(substr(body, 1, length(body) - 1) || x'5a' AS BLOB) WHERE number = 1")]
    [InlineData("UPDATE batch SET records = records + 1 WHERE number = 1")]
    [InlineData("UPDATE batch SET number = 9 WHERE number = 1")]
    [InlineData("UPDATE batch SET previous = zeroblob(32) WHERE number = 1")]
    [InlineData("UPDATE batch SET hash = randomblob(32) WHERE number = 1")]
    [InlineData("UPDATE batch SET format = 2 WHERE number = 1")]
    [InlineData("UPDATE batch SET shard = 77 WHERE number = 1")]
    [InlineData("UPDATE batch SET position = 1000 WHERE number = 1")]
    [InlineData("DELETE FROM batch WHERE number = 1")]
    [InlineData("DELETE FROM batch WHERE number = 0")]
    [InlineData("DELETE FROM batch WHERE number = (SELECT max(number) FROM batch)")]
    [InlineData("UPDATE shard SET issuer = 'another'")]
    [InlineData("UPDATE shard SET trust_domain = 'other.example'")]
    [InlineData("UPDATE shard SET batches = batches - 1")]
    [InlineData("UPDATE shard SET head_hash = zeroblob(32)")]
    public async Task An_edit_shows_in_the_chain(string edit)
    {
        await FillAsync();
        Assert.Empty(await Log.VerifyChainAsync(CancellationToken.None));
        Close();
        Assert.True(Tamper(edit) > 0);

        Assert.NotEmpty(await FindingsAsync());
    }

    [Fact]
    public async Task Two_batches_that_changed_places_show_in_the_chain()
    {
        await FillAsync();
        Close();
        Tamper("UPDATE batch SET position = -1 WHERE number = 1; UPDATE batch SET position = 2 WHERE number = 2; UPDATE batch SET position = 3 WHERE position = -1");

        Assert.NotEmpty(await FindingsAsync());
    }

    [Theory]
    [InlineData("DELETE FROM batch WHERE number = (SELECT max(number) FROM batch)")]
    [InlineData("UPDATE shard SET head_hash = zeroblob(32)")]
    [InlineData("UPDATE batch SET body = CAST(substr(body, 1, length(body) - 1) || x'5a' AS BLOB) WHERE number = (SELECT max(number) FROM batch)")]
    public async Task Nothing_is_appended_to_a_shard_whose_end_was_edited(string edit)
    {
        await FillAsync();
        Close();
        Assert.True(Tamper(edit) > 0);
        File.Delete(IndexPath);

        var refused = await Record.ExceptionAsync(() => AppendAsync(Records.Leaf(100)));
        Assert.True(
            refused is RecordTamperedException || refused is IssuanceLogUnavailableException { InnerException: RecordTamperedException },
            refused?.ToString());
    }

    [Fact]
    public async Task A_truncated_log_is_refused()
    {
        await AppendManyAsync(0, 2000);
        Close();
        using (var file = File.OpenWrite(LogPath))
        {
            file.SetLength(file.Length / 2);
        }

        var refused = await Record.ExceptionAsync(async () =>
        {
            await AppendAsync(Records.Leaf(5000));
            var findings = await Log.VerifyChainAsync(CancellationToken.None);
            if (findings.Count > 0)
            {
                throw new RecordTamperedException("log", findings[0]);
            }
        });
        Assert.NotNull(refused);
    }

    // What the start refuses counts as found.
    private async Task<IReadOnlyList<string>> FindingsAsync()
    {
        try
        {
            return await Log.VerifyChainAsync(CancellationToken.None);
        }
        catch (RecordTamperedException exception)
        {
            return [exception.Message];
        }
    }

    private async Task FillAsync()
    {
        for (var number = 0; number < 5; number++)
        {
            await AppendAsync(Records.Leaf(number));
        }
    }
}
