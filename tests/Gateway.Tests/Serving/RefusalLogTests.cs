using MeshGrains.Gateway.Serving;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Tests.Serving;

public sealed class RefusalLogTests
{
    [Fact]
    public void A_flood_of_refusals_is_told_as_a_number()
    {
        var time = new FakeTimeProvider();
        using var logs = new RecordedLogs();
        using var factory = LoggerFactory.Create(builder => builder.AddProvider(logs));
        var refusals = new RefusalLog(time, factory.CreateLogger<RefusalLog>());
        var refusal = new Refusal(RefusalCode.Unauthenticated, "token_invalid", "No.");
        for (var i = 0; i < 1000; i++)
        {
            refusals.Tell("istio", new DefaultHttpContext(), "someone", refusal);
        }

        Assert.Equal(RefusalLog.LinesPerSecond, logs.Lines.Count);
        time.Advance(TimeSpan.FromSeconds(1));
        refusals.Tell("istio", new DefaultHttpContext(), "someone", refusal);
        Assert.Contains(logs.Lines, line => line.Contains("900 more refusals", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("abc-DEF_123", "abc-DEF_123")]
    [InlineData("with space", null)]
    [InlineData("line\nbreak", null)]
    [InlineData("", null)]
    public void A_callers_own_id_is_told_only_when_it_is_sane(string given, string? told)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers["x-request-id"] = given;
        Assert.Equal(told, RequestId.CallersOwn(http));
    }

    [Fact]
    public void A_callers_own_id_has_at_most_64_characters()
    {
        var http = new DefaultHttpContext();
        http.Request.Headers["x-request-id"] = new string('a', 65);
        Assert.Null(RequestId.CallersOwn(http));
        http.Request.Headers["x-request-id"] = new string('a', 64);
        Assert.NotNull(RequestId.CallersOwn(http));
    }
}
