using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using MeshGrains.Gateway.Istio;
using MeshGrains.Gateway.Metrics;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Gateway.Tests.Istio;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Istio;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Gateway.Tests.Metrics;

public sealed partial class PrometheusTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly PrometheusCollector _collector;
    private readonly Meter _meter;

    public PrometheusTests()
    {
        var factory = _services.GetRequiredService<IMeterFactory>();
        _collector = new PrometheusCollector(factory, NullLogger<PrometheusCollector>.Instance);
        _meter = factory.Create("MeshGrains.Test");
    }

    public void Dispose()
    {
        _collector.Dispose();
        _services.Dispose();
    }

    [Fact]
    public void Counters_add_up_by_their_labels_in_any_order()
    {
        var counter = _meter.CreateCounter<long>("meshgrains.things", "{thing}", "Things\ncounted with \\ care.");
        counter.Add(2, new("b", "x"), new("a", 1));
        counter.Add(3, new("a", 1), new("b", "x"));
        counter.Add(1, new("a", 1), new("b", "with \"quotes\", \\ and\nbreaks"));

        var lines = Lines();
        Assert.Contains("# HELP meshgrains_things_total Things\\ncounted with \\\\ care.", lines);
        Assert.Contains("# TYPE meshgrains_things_total counter", lines);
        Assert.Contains("meshgrains_things_total{a=\"1\",b=\"x\"} 5", lines);
        Assert.Contains("meshgrains_things_total{a=\"1\",b=\"with \\\"quotes\\\", \\\\ and\\nbreaks\"} 1", lines);
    }

    [Fact]
    public void Histograms_cumulate_their_buckets()
    {
        var histogram = _meter.CreateHistogram<double>("meshgrains.wait", "s", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var value in new[] { 0.05, 0.1, 0.5, 3 })
        {
            histogram.Record(value, new KeyValuePair<string, object?>("k", "v"));
        }

        var lines = Lines();
        Assert.Contains("meshgrains_wait_seconds_bucket{k=\"v\",le=\"0.1\"} 2", lines);
        Assert.Contains("meshgrains_wait_seconds_bucket{k=\"v\",le=\"1\"} 3", lines);
        Assert.Contains("meshgrains_wait_seconds_bucket{k=\"v\",le=\"+Inf\"} 4", lines);
        Assert.Contains("meshgrains_wait_seconds_sum{k=\"v\"} 3.65", lines);
        Assert.Contains("meshgrains_wait_seconds_count{k=\"v\"} 4", lines);
    }

    [Fact]
    public void Observed_gauges_forget_what_is_no_longer_told()
    {
        var names = new List<string> { "a", "b" };
        _meter.CreateObservableGauge("meshgrains.left", () => names.Select(name => new Measurement<double>(1.5, new KeyValuePair<string, object?>("name", name))), "s");
        Assert.Contains("meshgrains_left_seconds{name=\"b\"} 1.5", Lines());
        names.Remove("b");
        Assert.DoesNotContain("meshgrains_left_seconds{name=\"b\"} 1.5", Lines());
        Assert.Contains("meshgrains_left_seconds{name=\"a\"} 1.5", Lines());
    }

    [Fact]
    public void A_gauge_that_fails_spoils_nothing_else()
    {
        _meter.CreateObservableGauge("meshgrains.broken", int () => throw new InvalidOperationException("no"));
        _meter.CreateUpDownCounter<int>("meshgrains.inside").Add(-2);
        Assert.Contains("meshgrains_inside -2", Lines());
    }

    [Fact]
    public void Series_are_bounded()
    {
        var counter = _meter.CreateCounter<int>("meshgrains.flood");
        for (var i = 0; i < 10_000; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("who", i));
        }

        var lines = Lines().Where(line => line.StartsWith("meshgrains_flood_total{", StringComparison.Ordinal)).ToList();
        Assert.Equal(MetricFamily.MaxSeries + 1, lines.Count);
        Assert.Contains($"meshgrains_flood_total{{overflow=\"true\"}} {10_000 - MetricFamily.MaxSeries}", lines);
    }

    [Fact]
    public void Meters_of_others_are_left_out()
    {
        using var other = new Meter("Someone.Else");
        other.CreateCounter<int>("other.things").Add(1);
        using var elsewhere = new ServiceCollection().AddMetrics().BuildServiceProvider();
        elsewhere.GetRequiredService<IMeterFactory>().Create("MeshGrains.Test").CreateCounter<int>("meshgrains.elsewhere").Add(1);
        Assert.DoesNotContain(Lines(), line => line.Contains("other_things", StringComparison.Ordinal) || line.Contains("elsewhere", StringComparison.Ordinal));
    }

    [Fact]
    public void One_name_of_two_kinds_is_told_once()
    {
        _meter.CreateUpDownCounter<int>("meshgrains.twice_total").Add(1);
        _meter.CreateCounter<int>("meshgrains.twice").Add(1);
        Assert.Single(Lines(), line => line.StartsWith("# TYPE meshgrains_twice_total", StringComparison.Ordinal));
    }

    [Fact]
    public void Many_threads_lose_nothing()
    {
        var counter = _meter.CreateCounter<double>("meshgrains.parallel");
        var histogram = _meter.CreateHistogram<int>("meshgrains.sizes");
        Parallel.For(0, 20_000, i =>
        {
            counter.Add(0.5, new KeyValuePair<string, object?>("k", i % 3));
            histogram.Record(i % 100);
        });
        var lines = Lines();
        Assert.Equal(10_000, lines.Where(line => line.StartsWith("meshgrains_parallel_total{", StringComparison.Ordinal))
            .Sum(line => double.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Contains("meshgrains_sizes_count 20000", lines);
    }

    [Fact]
    public async Task The_gateways_metrics_are_well_formed_and_count_by_result()
    {
        await using var host = await GatewayHost.StartAsync();
        var text = await ScrapeAfterCallsAsync(host);
        Assert.Contains("meshgrains_gateway_svid_requests_total{api=\"istio\",result=\"ok\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("meshgrains_gateway_svid_requests_total{api=\"istio\",result=\"token_invalid\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("meshgrains_gateway_svid_duration_seconds_count{api=\"istio\",outcome=\"issued\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("meshgrains_authority_expiry_seconds{authority=\"gateway\",kind=\"gateway\"} 3", text, StringComparison.Ordinal);
        Assert.Contains($"meshgrains_authority_expiry_seconds{{authority=\"{host.Issuance.Ca.Snapshot.AuthorityId}\",kind=\"issuing_ca\"}} 2", text, StringComparison.Ordinal);
        Assert.Contains($"meshgrains_authority_expiry_seconds{{authority=\"{host.Issuance.Ca.Snapshot.RootAuthorityId}\",kind=\"root\"}} 3", text, StringComparison.Ordinal);
        Assert.Contains("meshgrains_log_queue_depth 3\n", text, StringComparison.Ordinal);
        Assert.Contains("meshgrains_log_available 1\n", text, StringComparison.Ordinal);
        Assert.Contains("process_resident_memory_bytes ", text, StringComparison.Ordinal);

        string? family = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in text.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                family = line.Split(' ')[2];
            }

            Assert.Matches(LineShape(), line);
            Assert.True(line[0] == '#' || line.StartsWith(family!, StringComparison.Ordinal), line);
            Assert.True(line[0] == '#' ? seen.Add(line) : seen.Add(line[..line.LastIndexOf(' ')]), $"twice: {line}");
        }
    }

    [SkippableFact]
    public async Task Promtool_finds_nothing_wrong()
    {
        var promtool = Tool.Require("promtool", "prometheus");
        await using var host = await GatewayHost.StartAsync();
        var text = await ScrapeAfterCallsAsync(host);
        var result = Tool.Run(promtool, ["check", "metrics"], System.Text.Encoding.UTF8.GetBytes(text));
        Assert.True(result.ExitCode == 0, result.ToString());
    }

    private static async Task<string> ScrapeAfterCallsAsync(GatewayHost host)
    {
        var channel = host.Channel();
        await channel.UnaryAsync(
            CreateCertificateHandler.Path, CreateCertificateTests.Request(), IstioCertificateResponse.Parser, new RpcCallOptions { Headers = CreateCertificateTests.Token("good") });
        await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(
            CreateCertificateHandler.Path, CreateCertificateTests.Request(), IstioCertificateResponse.Parser, new RpcCallOptions { Headers = CreateCertificateTests.Token("bad") }));
        var reply = await host.OperationsClient().GetAsync("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", reply.Content.Headers.ContentType?.ToString());
        return await reply.Content.ReadAsStringAsync();
    }

    private string[] Lines() => _collector.Collect().Split('\n');

    [GeneratedRegex("""^(# HELP [a-z_:][a-z0-9_:]* .+|# TYPE [a-z_:][a-z0-9_:]* (counter|gauge|histogram)|[a-z_:][a-z0-9_:]*(\{([a-z_][a-z0-9_]*="([^"\\\n]|\\["\\n])*",?)+\})? (-?[0-9.eE+-]+|[+-]Inf|NaN))$""")]
    private static partial Regex LineShape();
}
