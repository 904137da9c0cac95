using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace MeshGrains.Cli.Tests;

public sealed class TrustCommandsTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public async Task The_graph_is_told_in_words_from_the_domain_down_to_its_peers()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/trust", Trust());

        var run = await mesh.RunAsync("trust", "graph");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal(
            """
            mesh.test, seen from cluster main at 2030-01-01 00:00:00Z
              PROBLEM: issuance log: it is away
              bundle 7, refresh hint 5m
              root rotation: drain since 2029-12-31 23:00:00Z
              root r-old: old, ENDED 1m ago (2029-12-31 23:59:00Z), key file:r-old/1
                issuing CA ca-1 of silo-1: active, ends in 1h (2030-01-01 01:00:00Z), from bundle 5, fenced 2029-12-31 23:30:00Z
              root r-new: active, ends in 365d (2031-01-01 00:00:00Z), key file:r-new/1
                issuing CA ca-2 of silo-2: active, ends in 1h (2030-01-01 01:00:00Z), from bundle 6, 12 live certificates
              JWT key k1 of cluster main: active, ends in 7d (2030-01-08 00:00:00Z)
              silo silo-1: bundle 7
              silo silo-2: bundle 5, 2 BEHIND
              agents: 120 live, 3 BEHIND the newest bundle
            federates with <b>&"evil".test: sequence 9, fetched 3m ago, 1 JWT keys, https_web https://b.test/?a=1&b=2
              PROBLEM: it was too slow
              root fr: ends in 30d (2030-01-31 00:00:00Z)

            """, run.Output);
    }

    [Fact]
    public async Task The_picture_is_well_formed_holds_everything_and_runs_nothing()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var trust = Trust();
        trust["federated"]![0]!["failure"] = "]]><script>alert(1)</script>\u0000\u001b[2J";
        mesh.Answer("GET", "/v1/trust", trust);
        var file = mesh.Directory.File("trust.svg");

        var run = await mesh.RunAsync("trust", "graph", "--svg", file, "-o", "json");
        var again = await mesh.RunAsync("trust", "graph", "--svg", file);

        Assert.Equal((ExitCode.Done, ExitCode.Done), (run.ExitCode, again.ExitCode));
        Assert.Equal(7, (int)run.Json["domain"]!["bundleNumber"]!);
        var document = XDocument.Parse(File.ReadAllText(file));
        Assert.Equal(
            ["g", "path", "rect", "svg", "text", "title"], document.Descendants().Select(element => element.Name.LocalName).Distinct().Order(StringComparer.Ordinal));
        Assert.All(document.Descendants().SelectMany(element => element.Attributes()), attribute =>
            Assert.False(attribute.Name.LocalName.StartsWith("on", StringComparison.OrdinalIgnoreCase) || attribute.Name.LocalName == "href"));
        var titles = document.Descendants(Svg + "title").Select(title => title.Value).ToList();
        foreach (var words in new[] { "root r-old", "root r-new", "issuing CA ca-1", "issuing CA ca-2", "JWT key k1", "<b>&\"evil\".test", "root fr", "agents: 120 live, 3 BEHIND", "<script>alert(1)</script>??[2J" })
        {
            Assert.Contains(titles, title => title.Contains(words, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Boxes_do_not_lie_over_one_another_and_all_lie_within_the_picture()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var trust = Trust();
        for (var i = 0; i < 9; i++)
        {
            trust["issuingCas"]!.AsArray().Add(IssuingCa($"more-{i}", i % 2 == 0 ? "r-old" : "gone", i));
            var peer = trust["federated"]![0]!.DeepClone();
            peer["roots"]!.AsArray().Add(new JsonObject { ["authorityId"] = "second", ["notAfter"] = "2030-01-31T00:00:00Z", ["secondsLeft"] = 1 });
            trust["federated"]!.AsArray().Add(peer);
        }

        mesh.Answer("GET", "/v1/trust", trust);
        var file = mesh.Directory.File("trust.svg");
        await mesh.RunAsync("trust", "graph", "--svg", file);

        var document = XDocument.Parse(File.ReadAllText(file));
        var size = ((string)document.Root!.Attribute("viewBox")!).Split(' ').Select(int.Parse).ToArray();
        var boxes = document.Descendants(Svg + "g").Select(group => group.Element(Svg + "rect")!)
            .Select(box => (X: (int)box.Attribute("x")!, Y: (int)box.Attribute("y")!, W: (int)box.Attribute("width")!, H: (int)box.Attribute("height")!)).ToList();
        Assert.Equal(1 + 2 + 11 + 1 + 10 + 19, boxes.Count);
        Assert.All(boxes, box => Assert.True(box.X >= 0 && box.Y >= 0 && box.X + box.W <= size[2] && box.Y + box.H <= size[3], $"{box} in {size[2]}x{size[3]}"));
        foreach (var (one, at) in boxes.Select((box, at) => (box, at)))
        {
            Assert.All(boxes.Skip(at + 1), other => Assert.False(
                one.X < other.X + other.W && other.X < one.X + one.W && one.Y < other.Y + other.H && other.Y < one.Y + one.H, $"{one} and {other}"));
        }
    }

    [Fact]
    public async Task A_control_plane_that_can_tell_little_is_shown_all_the_same()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/trust", new JsonObject
        {
            ["trustDomain"] = "mesh.test", ["cluster"] = "main", ["now"] = "2030-01-01T00:00:00Z", ["problems"] = new JsonArray("trust domain: no root yet"),
        });
        var file = mesh.Directory.File("trust.svg");

        var run = await mesh.RunAsync("trust", "graph", "--svg", file);

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Contains("PROBLEM: trust domain: no root yet", run.Output, StringComparison.Ordinal);
        Assert.Contains("no root yet", XDocument.Parse(File.ReadAllText(file)).ToString(), StringComparison.Ordinal);
    }

    private static JsonObject Trust() => new()
    {
        ["trustDomain"] = "mesh.test",
        ["cluster"] = "main",
        ["now"] = "2030-01-01T00:00:00Z",
        ["problems"] = new JsonArray("issuance log: it is away"),
        ["domain"] = new JsonObject
        {
            ["bundleNumber"] = 7,
            ["refreshHintSeconds"] = 300,
            ["rotation"] = new JsonObject { ["id"] = "r1", ["phase"] = "drain", ["phaseSince"] = "2029-12-31T23:00:00Z", ["paused"] = false, ["rolledBack"] = false },
            ["roots"] = new JsonArray(Root("r-old", "old", "2029-12-31T23:59:00Z", -60), Root("r-new", "active", "2031-01-01T00:00:00Z", 365 * 86_400)),
            ["jwtKeys"] = new JsonArray(new JsonObject { ["keyId"] = "k1", ["cluster"] = "main", ["state"] = "active", ["notAfter"] = "2030-01-08T00:00:00Z", ["secondsLeft"] = 7 * 86_400 }),
        },
        ["issuingCas"] = new JsonArray(IssuingCa("ca-1", "r-old", 1, "2029-12-31T23:30:00Z"), IssuingCa("ca-2", "r-new", 2, live: 12)),
        ["silos"] = new JsonArray(
            new JsonObject { ["silo"] = "silo-1", ["bundleNumber"] = 7, ["behind"] = 0 }, new JsonObject { ["silo"] = "silo-2", ["bundleNumber"] = 5, ["behind"] = 2 }),
        ["agents"] = new JsonObject { ["live"] = 120, ["behind"] = 3 },
        ["federated"] = new JsonArray(new JsonObject
        {
            ["trustDomain"] = "<b>&\"evil\".test", ["url"] = "https://b.test/?a=1&b=2", ["profile"] = "https_web", ["sequence"] = 9, ["jwtKeys"] = 1, ["lagSeconds"] = 180,
            ["failure"] = "it was too slow",
            ["roots"] = new JsonArray(new JsonObject { ["authorityId"] = "fr", ["notAfter"] = "2030-01-31T00:00:00Z", ["secondsLeft"] = 30 * 86_400 }),
        }),
    };

    private static JsonObject Root(string id, string state, string notAfter, long left) => new()
    {
        ["authorityId"] = id, ["state"] = state, ["notBefore"] = "2029-01-01T00:00:00Z", ["notAfter"] = notAfter, ["secondsLeft"] = left, ["keyReference"] = $"file:{id}/1",
    };

    private static JsonObject IssuingCa(string id, string root, int silo, string? sealedAt = null, int? live = null)
    {
        var ca = new JsonObject
        {
            ["authorityId"] = id, ["rootAuthorityId"] = root, ["silo"] = $"silo-{silo}", ["state"] = "active", ["notAfter"] = "2030-01-01T01:00:00Z", ["secondsLeft"] = 3600,
            ["bundleNumber"] = 4 + silo,
        };
        if (sealedAt is not null)
        {
            ca["sealedAt"] = sealedAt;
        }

        if (live is not null)
        {
            ca["live"] = live;
        }

        return ca;
    }
}
