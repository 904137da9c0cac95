using System.Globalization;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

public sealed class MetricsTests
{
    [Fact]
    public async Task A_silo_that_issues_tells_what_its_alerts_ask_for()
    {
        using var folder = new TempDirectory();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"));
        using var client = new HttpClient { BaseAddress = silo.Operations };

        var page = await client.GetStringAsync("/metrics");

        Assert.Equal(1, Value(page, "meshgrains_gateway_ready"));
        Assert.Equal(1, Value(page, "meshgrains_log_available"));
        Assert.Equal(0, Value(page, "meshgrains_log_queue_depth"));
        Assert.InRange(Value(page, "meshgrains_bundle_number"), 1, 2);
        Assert.InRange(Value(page, "meshgrains_denials_confirmation_age_seconds"), 0, 30);
        Assert.True(Value(page, "meshgrains_denials_number") >= 0);
        Assert.True(Value(page, "meshgrains_records_refused_total") >= 0);
        Assert.InRange(Value(page, "meshgrains_issuing_ca_requests_total{result=\"certified\"}"), 1, 1000);
        foreach (var (kind, hours) in new[] { ("root", 87_600), ("issuing_ca", 72), ("gateway", 1), ("bootstrap", 8_760) })
        {
            var line = Assert.Single(page.Split('\n'), line => line.StartsWith("meshgrains_authority_expiry_seconds{", StringComparison.Ordinal)
                && line.Contains($"kind=\"{kind}\"", StringComparison.Ordinal));
            Assert.InRange(double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture), hours * 3500, hours * 3600);
        }
    }

    private static double Value(string page, string series) =>
        double.Parse(Assert.Single(page.Split('\n'), line => line.StartsWith(series + " ", StringComparison.Ordinal)).Split(' ')[^1], CultureInfo.InvariantCulture);
}
