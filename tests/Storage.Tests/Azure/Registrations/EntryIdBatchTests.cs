namespace MeshGrains.Storage.Tests;

public sealed class EntryIdBatchTests
{
    private static readonly string Hash = new('a', 64);
    private static readonly string Other = new('0', 64);

    [Fact]
    public void What_was_written_is_read_in_the_order_of_the_numbers()
    {
        var read = EntryIdBatch.Read(EntryIdBatch.Write([(65535, Hash), (0, Other)]));

        Assert.Equal([(0, Other), (65535, Hash)], read.Select(entry => (entry.Key, entry.Value)));
    }

    [Fact]
    public void The_bytes_of_a_batch_do_not_change()
        => Assert.Equal("4D4749310102" + new string('A', 64), Convert.ToHexString(EntryIdBatch.Write([(258, Hash)])));

    [Fact]
    public void Anything_else_is_read_as_nothing()
    {
        Assert.Empty(EntryIdBatch.Read([]));
        Assert.Empty(EntryIdBatch.Read("MGI2"u8));
        Assert.Empty(EntryIdBatch.Read(EntryIdBatch.Write([(1, Hash)]).AsSpan()[..^1]));
    }
}
