namespace MeshGrains.Bench.Tests.Cluster;

public sealed class MembershipRowsTests
{
    private const string Name = "S127.0.0.1:20001:154283528";
    private const string Row = """{"SiloAddress":{"SiloAddress":"127.0.0.1:20001@154283528"},"Status":3,"SiloName":"silo-1"}""";

    private static readonly Dictionary<string, string> Hash = new() { [MembershipRows.VersionField] = "9", [Name] = Row };

    [Fact]
    public void A_row_marked_dead_is_the_same_row_and_dead()
    {
        Assert.False(MembershipRows.IsDead(Row));
        Assert.Equal(Row.Replace("\"Status\":3", "\"Status\":6", StringComparison.Ordinal), MembershipRows.MarkDead(Row));
        Assert.True(MembershipRows.IsDead(MembershipRows.MarkDead(Row)));
    }

    [Fact]
    public void All_rows_are_marked_and_the_version_goes_up_by_one()
    {
        var changed = MembershipRows.AllDead(Hash);
        Assert.Equal("10", changed[MembershipRows.VersionField]);
        Assert.True(MembershipRows.IsDead(changed[Name]));
    }

    [Fact]
    public void A_false_silo_has_the_row_of_a_living_one_at_another_port()
    {
        var (name, row) = MembershipRows.FalseSilo(Hash, 31000);
        Assert.Equal("S127.0.0.1:31000:154283528", name);
        Assert.Equal(Row.Replace(":20001@", ":31000@", StringComparison.Ordinal), row);
    }

    [Fact]
    public void What_is_no_row_is_refused() => Assert.Throws<FormatException>(() => MembershipRows.MarkDead("""{"a":1}"""));
}
