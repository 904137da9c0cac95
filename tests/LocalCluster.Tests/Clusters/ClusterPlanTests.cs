namespace MeshGrains.LocalCluster.Tests;

public sealed class ClusterPlanTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_up_was_told_is_there_for_the_next_start()
    {
        var folder = ClusterFolder.Create(_directory.File("cluster"));
        Assert.Null(ClusterPlan.TryRead(folder));
        var plan = new ClusterPlan(
            "mesh.test", 5, "127.0.0.1:0", "/etc/mesh.yaml", new RedisAddress("a:1,b:2", "mesh", "/run/password"), new BlobAddress("http://127.0.0.1:1/x", ""), null,
            ["svid.defaultTtl=10m"]);

        plan.Write(folder);

        var read = ClusterPlan.TryRead(folder)!;
        Assert.Equivalent(plan, read);
        Assert.Equal(["--set", "svid.defaultTtl=10m"], read.Setup(folder, _ => { }).Flags);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.Plan));
    }

    [Fact]
    public void A_folder_that_sockets_do_not_fit_into_is_told()
    {
        Assert.Null(ClusterFolder.At("/srv/mesh").Fault);
        Assert.Contains("too long", ClusterFolder.At("/" + new string('d', 80)).Fault, StringComparison.Ordinal);
    }
}
