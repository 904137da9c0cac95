namespace MeshGrains.Bench.Tests;

public sealed class OpenFilesTests
{
    [Theory]
    [InlineData("20000", 10_000, true)]
    [InlineData("1024", 1_000, false)]
    [InlineData("10511", 10_000, false)]
    [InlineData("10512", 10_000, true)]
    [InlineData("unlimited", 100_000, true)]
    public void The_hard_limit_tells_whether_so_many_connections_can_be_had(string hard, int agents, bool enough)
    {
        var missing = OpenFiles.Missing(
            agents, $"Limit                     Soft Limit           Hard Limit           Units     \nMax open files            64                   {hard}                files     \n");

        Assert.Equal(enough, missing is null);
        if (missing is not null)
        {
            Assert.Contains($"the hard limit is {hard}", missing, StringComparison.Ordinal);
            Assert.Contains("ulimit", missing, StringComparison.Ordinal);
        }
    }
}
