using System.Text.Json;

namespace MeshGrains.Bench.Tests;

public sealed class FigureSetTests
{
    [Fact]
    public void Figures_make_one_flat_object_in_the_order_they_were_set()
    {
        var figures = new FigureSet();
        figures.Set("rate_per_s", 1234.56, note: "for people only");
        figures.Set("ratio", 0.38765, 3);
        figures.Set("missing_per_s", (double?)null);
        figures.Set("kills", 30L);
        figures.Set("host", "Solo");
        figures.Set("ready", true);
        using var json = JsonDocument.Parse(figures.ToJson());
        Assert.Equal(["rate_per_s", "ratio", "missing_per_s", "kills", "host", "ready"], json.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.Equal(1235, json.RootElement.GetProperty("rate_per_s").GetDouble());
        Assert.Equal(0.388, json.RootElement.GetProperty("ratio").GetDouble());
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("missing_per_s").ValueKind);
        Assert.DoesNotContain("people", figures.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_figure_set_again_replaces_the_first()
    {
        var figures = new FigureSet();
        figures.Set("kills", 1L);
        figures.Set("kills", 2L);
        using var json = JsonDocument.Parse(figures.ToJson());
        Assert.Equal(2, json.RootElement.GetProperty("kills").GetInt64());
    }

    [Fact]
    public void The_table_shows_a_dash_for_what_could_not_be_measured()
    {
        var figures = new FigureSet();
        figures.Set("cfssl_per_s", (double?)null, note: "not installed");
        using var output = new StringWriter();
        figures.Print(output);
        Assert.Equal("cfssl_per_s  -  not installed", output.ToString().TrimEnd());
    }
}
