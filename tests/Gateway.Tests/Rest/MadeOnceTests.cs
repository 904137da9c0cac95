using MeshGrains.Gateway.Rest;

namespace MeshGrains.Gateway.Tests.Rest;

public sealed class MadeOnceTests
{
    [Fact]
    public async Task A_failure_is_tried_again_and_a_value_is_kept()
    {
        var asked = 0;
        var made = new MadeOnce<int>(() => ++asked == 1 ? Task.FromException<int>(new InvalidOperationException("not yet")) : Task.FromResult(asked));
        await Assert.ThrowsAsync<InvalidOperationException>(made.GetAsync);
        Assert.Equal(2, await made.GetAsync());
        Assert.Equal(2, await made.GetAsync());
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task Questions_at_once_share_one_attempt()
    {
        var asked = 0;
        var source = new TaskCompletionSource<int>();
        var made = new MadeOnce<int>(() =>
        {
            asked++;
            return source.Task;
        });
        var (first, second) = (made.GetAsync(), made.GetAsync());
        source.SetResult(7);
        Assert.Equal((7, 7), (await first, await second));
        Assert.Equal(1, asked);
    }
}
