using MeshGrains.Agent.Workloads;

namespace MeshGrains.Agent.Tests.Workloads;

public sealed class FileIdentityTests
{
    [SkippableFact]
    public void It_says_what_stat_says()
    {
        using var folder = new TempDirectory();
        var file = folder.Write("a", "abc");
        var said = Tool.Run(Tool.Require("stat", "coreutils"), ["-c", "%i %s %Z %Hd %Ld", file]).EnsureSuccess().Output.Trim().Split(' ').Select(ulong.Parse).ToArray();

        var identity = FileIdentity.Of(file)!.Value;

        Assert.Equal((said[0], said[1], said[2], (said[3] << 32) | said[4]), (identity.Inode, identity.Size, (ulong)identity.Seconds, identity.Device));
    }

    [Fact]
    public void An_unlinked_file_is_the_same_one_still_and_another_under_its_name_is_not()
    {
        using var folder = new TempDirectory();
        var file = folder.Write("a", "abc");
        using var open = File.OpenHandle(file);
        var before = FileIdentity.Of(file)!.Value;
        File.Delete(file);
        folder.Write("a", "abc");

        Assert.True(before.IsSameFileAs(FileIdentity.Of((int)open.DangerousGetHandle())!.Value));
        Assert.False(before.IsSameFileAs(FileIdentity.Of(file)!.Value));
        Assert.Null(FileIdentity.Of(folder.File("nowhere")));
    }
}
