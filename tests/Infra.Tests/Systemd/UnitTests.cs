namespace MeshGrains.Infra.Tests.Systemd;

/// <summary>What the unit promises a silo.</summary>
public sealed class UnitTests
{
    private const int LongestStopSeconds = 5 + 30;

    private static readonly string[] Unit = Tree.Read("infra/systemd/meshgrains.service").Split('\n');

    [Fact]
    public void A_silo_that_asks_for_it_is_started_anew_and_one_that_cannot_work_is_not()
    {
        Assert.Equal("on-failure", Value("Restart"));
        Assert.Equal("2", Value("RestartPreventExitStatus"));
        Assert.Equal("0", Value("StartLimitIntervalSec"));
    }

    [Fact]
    public void A_stop_has_the_time_it_may_take() => Assert.True(int.Parse(Value("TimeoutStopSec"), System.Globalization.CultureInfo.InvariantCulture) > LongestStopSeconds);

    [Theory]
    [InlineData("NoNewPrivileges", "yes")]
    [InlineData("DynamicUser", "yes")]
    [InlineData("ProtectSystem", "strict")]
    [InlineData("StateDirectoryMode", "0700")]
    [InlineData("LimitCORE", "0")]
    public void It_is_locked_down(string key, string value) => Assert.Equal(value, Value(key));

    private static string Value(string key) => Assert.Single(Unit, line => line.StartsWith(key + "=", StringComparison.Ordinal))[(key.Length + 1)..];
}
