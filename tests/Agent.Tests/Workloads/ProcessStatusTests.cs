using MeshGrains.Agent.Workloads;

namespace MeshGrains.Agent.Tests.Workloads;

public sealed class ProcessStatusTests
{
    [Fact]
    public void The_effective_user_and_group_count_and_all_supplementary_ones()
    {
        var status = ProcessStatus.Parse("Name:\tsleep\nUmask:\t0022\nUid:\t1000\t0\t1000\t1000\nGid:\t1001\t7\t1001\t1001\nGroups:\t4 24 1001 \nNStgid:\t9\n");

        Assert.Equal((0u, 7u), (status!.UserId, status.GroupId));
        Assert.Equal([4u, 24u, 1001u], status.SupplementaryGroups);
    }

    [Fact]
    public void A_process_without_supplementary_groups_has_none() => Assert.Empty(ProcessStatus.Parse("Uid:\t1\t1\t1\t1\nGid:\t1\t1\t1\t1\nGroups:\t\n")!.SupplementaryGroups);

    [Theory]
    [InlineData("")]
    [InlineData("Uid:\t1\t1\t1\t1\nGid:\t1\t1\t1\t1\n")]
    [InlineData("Uid:\t1\t1\nGid:\t1\t1\t1\t1\nGroups:\t\n")]
    [InlineData("Uid:\t1\t-1\t1\t1\nGid:\t1\t1\t1\t1\nGroups:\t\n")]
    public void What_does_not_name_all_three_is_refused(string text) => Assert.Null(ProcessStatus.Parse(text));

    [Fact]
    public void A_name_cannot_pass_for_a_line()
    {
        // The kernel writes a newline in a name as \n.
        var status = ProcessStatus.Parse("Name:\tx\\nUid:\t0\t0\t0\t0\nUid:\t5\t5\t5\t5\nGid:\t5\t5\t5\t5\nGroups:\t\n");

        Assert.Equal(5u, status!.UserId);
    }
}
