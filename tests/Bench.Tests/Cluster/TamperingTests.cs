namespace MeshGrains.Bench.Tests.Cluster;

public sealed class TamperingTests
{
    [Fact]
    public void An_edit_changes_one_bit_and_a_truncation_the_length()
    {
        byte[] content = [.. Enumerable.Range(0, 90).Select(number => (byte)number)];
        var edited = Tampering.Edited(content);
        Assert.Equal(1, content.Zip(edited).Sum(pair => System.Numerics.BitOperations.PopCount((uint)(pair.First ^ pair.Second))));
        Assert.Equal(content[..60], Tampering.Truncated(content));
    }
}
