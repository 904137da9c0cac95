using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Serving;

public sealed class RefusalMapTests
{
    [Fact]
    public void A_store_that_is_away_asks_for_another_try_and_keeps_its_address_for_the_log()
    {
        var refusal = RefusalMap.Of(new StoreAway("The blob container https://stores.test/mesh cannot be reached."));

        Assert.Equal((RefusalCode.Unavailable, "store_unavailable"), (refusal!.Code, refusal.Reason));
        Assert.NotNull(refusal.RetryAfter);
        Assert.DoesNotContain("stores.test", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("stores.test", refusal.LogDetail, StringComparison.Ordinal);
    }

    [Fact]
    public void What_nobody_foresaw_is_no_refusal_of_its_own()
        => Assert.Null(RefusalMap.Of(new InvalidOperationException("a mistake")));

    private sealed class StoreAway(string message) : StoreUnavailableException(message);
}
