namespace MeshGrains.Identity.Tests;

/// <summary>The damage that readers are tried with finds faults: each check has a faulty reader that it must catch.</summary>
public sealed class MutationsTests
{
    private static readonly byte[] Valid = Keys.Csr(Keys.P256);

    [Fact]
    public void A_reader_that_trusts_a_length_is_caught()
        => Assert.ThrowsAny<Exception>(() => Mutations.Survive(Valid, bytes => _ = bytes.Length > 4 ? bytes.AsSpan(4, bytes[3]).Length : 0));

    [Fact]
    public void A_reader_that_allocates_what_it_is_told_is_caught()
        => Assert.ThrowsAny<Exception>(() => Mutations.Survive(Valid, bytes => _ = bytes.Length > 4 ? new byte[bytes[3] << 12].Length : 0));

    [Fact]
    public void Nearly_every_copy_is_damaged()
    {
        var copies = 0;
        var same = 0;
        Mutations.Survive(Valid, bytes =>
        {
            copies++;
            same += bytes.AsSpan().SequenceEqual(Valid) ? 1 : 0;
        }, runs: 500);
        Assert.InRange(copies, 500, 600);
        Assert.InRange(same, 0, copies / 10);
    }
}
