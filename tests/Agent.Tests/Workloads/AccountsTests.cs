using MeshGrains.Agent.Workloads;

namespace MeshGrains.Agent.Tests.Workloads;

public sealed class AccountsTests
{
    [Fact]
    public void Names_and_numbers_are_found_both_ways_and_the_first_of_several_counts()
    {
        using var folder = new TempDirectory();
        var accounts = new Accounts(
            folder.Write("passwd", "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbroken\nnobody:x:65534:65534::/:/bin/false\nodd:x:-1:0::/:\n"),
            folder.Write("group", "root:x:0:\nwww-data:x:33:nginx,haproxy\n"));

        Assert.Equal(("root", "nobody", null), (accounts.UserName(0), accounts.UserName(65534), accounts.UserName(4711)));
        Assert.Equal((0u, 0u, null), (accounts.UserId("root"), accounts.UserId("toor"), accounts.UserId("odd")));
        Assert.Equal(("www-data", 33u), (accounts.GroupName(33), accounts.GroupId("www-data")));
    }

    [Fact]
    public void A_changed_file_is_read_again_and_a_missing_one_names_nobody()
    {
        using var folder = new TempDirectory();
        var file = folder.Write("passwd", "a:x:5:5::/:\n");
        var accounts = new Accounts(file, folder.File("nowhere"));
        Assert.Equal("a", accounts.UserName(5));
        Assert.Null(accounts.GroupName(0));

        File.WriteAllText(file, "b:x:5:5::/:\n");
        File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file).AddSeconds(1));

        Assert.Equal("b", accounts.UserName(5));
    }
}
