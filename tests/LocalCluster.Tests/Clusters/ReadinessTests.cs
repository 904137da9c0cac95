namespace MeshGrains.LocalCluster.Tests;

public sealed class ReadinessTests
{
    [Fact]
    public void The_failed_checks_are_told_with_their_reasons()
    {
        const string report = """
            {"ready":false,"checks":[{"name":"issuing CA","ready":false,"reason":"no authority answers"},{"name":"log","ready":true,"reason":null},{"name":"denials","ready":false}]}
            """;

        Assert.Equal("issuing CA: no authority answers; denials: not ready", Readiness.Reasons(report));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    public void Something_else_is_not_taken_for_a_report(string text) => Assert.Equal("says something that is not understood", Readiness.Reasons(text));

    [Fact]
    public async Task Nobody_there_is_not_ready()
        => Assert.StartsWith("does not answer", (await Readiness.AskAsync(new Uri($"http://127.0.0.1:{LoopbackPort.Free()}"), CancellationToken.None)).Why, StringComparison.Ordinal);
}
