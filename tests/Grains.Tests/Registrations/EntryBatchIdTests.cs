namespace MeshGrains.Grains.Tests;

public sealed class EntryBatchIdTests
{
    private const string Batch = "0123456789abcdef0123456789abcdef";

    [Fact]
    public void An_id_tells_its_batch_and_its_number()
    {
        Assert.Equal($"{Batch}-01ff", EntryBatchId.Of(Batch, 511));
        Assert.True(EntryBatchId.TryParse($"{Batch}-01ff", out var batch, out var number));
        Assert.Equal((Batch, 511), (batch, number));
    }

    [Theory]
    [InlineData("")]
    [InlineData(Batch)]
    [InlineData(Batch + "-1ff")]
    [InlineData(Batch + "-01FF")]
    [InlineData(Batch + "_01ff")]
    [InlineData(Batch + "--1ff")]
    [InlineData("0123456789abcdef0123456789abcde--01ff")]
    [InlineData("0123456789abcdef-0123456789abcdef-1ff")]
    public void Other_ids_are_of_no_batch(string id) => Assert.False(EntryBatchId.TryParse(id, out _, out _));
}
