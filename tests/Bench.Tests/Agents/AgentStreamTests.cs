namespace MeshGrains.Bench.Tests;

public sealed class AgentStreamTests
{
    [Theory]
    [InlineData(new byte[] { }, null)]
    [InlineData(new byte[] { 0, 0, 1, 0, 0, 0, 0, 0, 1 }, null)]
    [InlineData(new byte[] { 0, 0, 1, 0, 0, 0, 0, 0, 1, 7 }, 10)]
    [InlineData(new byte[] { 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0 }, 9)]
    public void A_frame_is_taken_when_it_is_whole(byte[] bytes, int? length) => Assert.Equal(length, AgentStream.FrameAt(bytes));

    [Fact]
    public void A_frame_beyond_what_was_agreed_ends_the_connection() => Assert.Throws<IOException>(() => AgentStream.FrameAt([1, 0, 0, 0, 0, 0, 0, 0, 1]));
}
