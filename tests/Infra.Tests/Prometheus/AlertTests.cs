using System.Text.RegularExpressions;
using MeshGrains.Testing;

namespace MeshGrains.Infra.Tests.Prometheus;

/// <summary>The alerts: well-formed, tested, told in the operations guide, and asking for metrics that exist.</summary>
public sealed partial class AlertTests
{
    private const string Source = "infra/prometheus/meshgrains-alerts.yaml";
    private const string Rule = "infra/kubernetes/base/alerts/prometheusrule.yaml";

    /// <summary>Made by Prometheus itself for every target.</summary>
    private static readonly string[] PrometheusOwn = ["up"];

    private static readonly string[] Suffixes = ["_bucket", "_sum", "_count"];

    private static IReadOnlyList<Yaml> Alerts { get; } = [.. Yaml.Documents(Tree.Read(Source))[0]["groups"].Items.SelectMany(group => group["rules"].Items)];

    private static string[] Tests { get; } = [.. Directory.GetFiles(Tree.At("infra/prometheus/tests"), "*.yaml").Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Names => Alerts.Select(alert => alert["alert"].Text!);

    [SkippableFact]
    public void Promtool_finds_nothing_wrong() =>
        Tool.Run(Tool.Require("promtool", "prometheus"), ["check", "rules", Tree.At(Source)]).EnsureSuccess();

    /// <summary>A file at a time: all of them are minutes of work for a machine that has much else to do.</summary>
    public static TheoryData<string> TestFiles => [.. Tests.Select(file => Path.GetFileName(file))];

    [SkippableTheory]
    [MemberData(nameof(TestFiles))]
    public void Every_alert_fires_when_it_should_and_only_then(string file) =>
        Tool.Run(Tool.Require("promtool", "prometheus"), ["test", "rules", Tests.Single(path => Path.GetFileName(path) == file)]).EnsureSuccess();

    [Fact]
    public void Every_alert_is_tested_both_ways()
    {
        var tests = Tests.SelectMany(file => Yaml.Documents(File.ReadAllText(file))[0]["tests"].Items).SelectMany(test => test["alert_rule_test"].Items).ToList();
        Assert.NotEmpty(Names);
        Assert.Equal(Names.Order(), Names.Distinct().Order());
        Assert.All(Names, name =>
        {
            Assert.Contains(tests, test => test["alertname"].Text == name && test["exp_alerts"].Items.Any());
            Assert.Contains(tests, test => test["alertname"].Text == name && !test["exp_alerts"].Items.Any());
        });
    }

    [Fact]
    public void Every_alert_says_how_bad_it_is_and_where_to_read_on()
    {
        var guide = Tree.Read("docs/operations/alerts.md");
        Assert.All(Alerts, alert =>
        {
            var name = alert["alert"].Text!;
            Assert.Contains(alert.Path("labels.severity").Text, new[] { "critical", "warning", "info" });
            Assert.True(alert.Path("annotations.summary").Text?.Length > 10);
            Assert.Equal($"docs/operations/alerts.md#{name.ToLowerInvariant()}", alert.Path("annotations.runbook").Text);
            Assert.Contains($"\n### {name}\n", guide, StringComparison.Ordinal);
        });
        Assert.Empty(Sections().Matches(guide).Select(section => section.Groups[1].Value).Except(Names));
    }

    [Fact]
    public void The_operators_rule_holds_the_same_text()
    {
        var source = Tree.Read(Source);
        var groups = source[source.IndexOf("groups:\n", StringComparison.Ordinal)..];
        var indented = string.Concat(groups.TrimEnd('\n').Split('\n').Select(line => line.Length == 0 ? "\n" : $"  {line}\n"));
        Assert.True(
            Tree.Read(Rule).EndsWith("\nspec:\n" + indented, StringComparison.Ordinal), $"{Rule} is older than {Source}: run infra/prometheus/render.");
    }

    [Fact]
    public void Every_metric_that_an_alert_asks_for_is_measured_by_the_product()
    {
        var measured = Measured();
        Assert.Contains("meshgrains_issuance_duration_seconds", measured);
        var asked = Alerts.SelectMany(alert => MetricsOf(alert["expr"].Text!)).Distinct().ToList();
        Assert.True(asked.Count > 10);
        Assert.All(asked, name => Assert.True(
            PrometheusOwn.Contains(name) || measured.Contains(name)
                || Suffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal) && measured.Contains(name[..^suffix.Length])), $"nothing measures {name}"));
    }

    [Fact]
    public void Every_metric_and_log_event_that_the_guide_names_is_there()
    {
        var measured = Measured();
        var source = string.Concat(Directory.EnumerateFiles(Tree.At("src"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        foreach (var page in Directory.EnumerateFiles(Tree.At("docs/operations"), "*.md"))
        {
            var text = File.ReadAllText(page);
            Assert.All(Told().Matches(text).Select(name => name.Value), name => Assert.True(
                measured.Contains(name) || Suffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal) && measured.Contains(name[..^suffix.Length])),
                $"{Path.GetFileName(page)}: nothing measures {name}"));
            Assert.All(Events().Matches(text).SelectMany(match => match.Groups["id"].Captures.Select(id => id.Value)), id => Assert.Matches(
                $@"LoggerMessage\((EventId = )?{id}\b", source));
        }
    }

    [Theory]
    [InlineData("sum by (job, le) (rate(meshgrains_a_bucket{result=~\"x|y\"}[5m])) > 0.5", "meshgrains_a_bucket")]
    [InlineData("up{job=\"meshgrains\"} == 0", "up")]
    [InlineData("max by (job) (a_b > 0) != min by (job) (c_d)", "a_b,c_d")]
    [InlineData("a_b == 0 unless on (instance) c_d", "a_b,c_d")]
    [InlineData("sum by (job) (increase(a_total{x=\"y\"}[1h]))\n  > 10 + 2 * count by (job) (b_c)", "a_total,b_c")]
    public void Metric_names_are_found_in_expressions(string expression, string expected) =>
        Assert.Equal(expected.Split(','), MetricsOf(expression));

    // What is left when strings, label matchers, groupings, times and functions are taken out.
    private static IEnumerable<string> MetricsOf(string expression)
    {
        var bare = Ranges().Replace(Matchers().Replace(Grouping().Replace(expression, " "), " "), " ");
        return Words().Matches(bare).Where(word => !Calls().IsMatch(bare[(word.Index + word.Length)..]))
            .Select(word => word.Value).Where(word => word is not ("and" or "or" or "unless" or "on" or "ignoring")).Distinct();
    }

    /// <summary>Prometheus names of every instrument in src, by the same rules as the exporter's, and of what it writes about its process.</summary>
    private static HashSet<string> Measured()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Tree.At("src"), "*.cs", SearchOption.AllDirectories))
        {
            var text = File.ReadAllText(file);
            foreach (Match made in Instruments().Matches(text))
            {
                var name = made.Groups["name"].Value.Replace('.', '_');
                name = made.Groups["unit"].Value switch { "s" => name + "_seconds", "By" => name + "_bytes", _ => name };
                names.Add(made.Groups["kind"].Value.Contains("Counter", StringComparison.Ordinal) && !made.Groups["kind"].Value.Contains("UpDown", StringComparison.Ordinal)
                    ? name + "_total" : name);
            }

            if (Path.GetFileName(file) == "ProcessFigures.cs")
            {
                names.UnionWith(ProcessMetrics().Matches(text).Select(match => match.Groups[1].Value));
            }

            // The agent writes its few figures itself.
            if (Path.GetFileName(file) is "AgentMetrics.cs" or "AgentHealthReport.cs")
            {
                names.UnionWith(AgentMetrics().Matches(text).Select(match => match.Groups[1].Value));
            }
        }

        return names;
    }

    [GeneratedRegex("""Create(?<kind>Counter|UpDownCounter|Histogram|ObservableGauge|ObservableCounter)(<\w+>)?\(\s*"(?<name>meshgrains\.[a-z_.]+)"(\s*,\s*(?!description)("(?<unit>[^"]*)"|[^",()]+(\(\))?\s*,\s*"(?<unit>(s|By))"|\(\) => [^"]*?,\s*"(?<unit>(s|By))"))?""")]
    private static partial Regex Instruments();

    [GeneratedRegex("\"((?:process|dotnet)_[a-z_]+)\"")]
    private static partial Regex ProcessMetrics();

    [GeneratedRegex("\"(meshgrains_agent_[a-z_]+)\"")]
    private static partial Regex AgentMetrics();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Matchers();

    [GeneratedRegex(@"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Ranges();

    [GeneratedRegex(@"\b[a-z][a-z0-9_]*[a-z]\b")]
    private static partial Regex Words();

    [GeneratedRegex(@"^\s*\(")]
    private static partial Regex Calls();

    [GeneratedRegex("meshgrains_[a-z_]*[a-z]")]
    private static partial Regex Told();

    [GeneratedRegex(@"\(event(\s(?<id>[0-9]+),?)+\)")]
    private static partial Regex Events();

    [GeneratedRegex(@"(?m)^### (\w+)$")]
    private static partial Regex Sections();
}
