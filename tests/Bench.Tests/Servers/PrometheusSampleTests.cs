namespace MeshGrains.Bench.Tests;

public sealed class PrometheusSampleTests
{
    private const string Text = """
        # TYPE dotnet_gc_allocated_bytes_total counter
        dotnet_gc_allocated_bytes_total_more 1
        dotnet_gc_allocated_bytes_total 1.5e+09
        labelled{a="b"} 3
        """;

    [Fact]
    public void The_sample_of_exactly_that_name_is_read() => Assert.Equal(1.5e9, PrometheusSample.Find(Text, "dotnet_gc_allocated_bytes_total"));

    [Theory]
    [InlineData("absent")]
    [InlineData("labelled")]
    public void Other_names_and_labelled_samples_are_not_there(string name) => Assert.Null(PrometheusSample.Find(Text, name));
}
