using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;
using MeshGrains.Agent.Workloads.Cgroups;
using MeshGrains.Agent.Workloads.Systemd;

namespace MeshGrains.Agent.Tests.Workloads.Systemd;

public sealed class SystemdAttestorTests
{
    [Theory]
    [InlineData("0::/system.slice/nginx.service", "nginx.service")]
    [InlineData("0::/system.slice/system-postgresql.slice/postgresql@15-main.service", "postgresql@15-main.service")]
    [InlineData("12:pids:/x\n1:name=systemd:/system.slice/nginx.service\n0::/other.scope", "nginx.service")]
    [InlineData("0::/user.slice/user-1000.slice/session-2.scope", "session-2.scope")]
    [InlineData("0::/user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service", "user@1000.service")]
    [InlineData("0::/system.slice/worker.service/nginx.service", "worker.service")]
    [InlineData("0::/system.slice/_cpu.service", "cpu.service")]
    [InlineData("0::/init.scope", "init.scope")]
    [InlineData("0::/system.slice/dbus.socket", "dbus.socket")]
    [InlineData("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-ab.scope", "cri-containerd-ab.scope")]
    [InlineData("0::/", null)]
    [InlineData("0::/docker/nginx.service", null)]
    [InlineData("0::/system.slice", null)]
    [InlineData("0::/system.slice/.service", null)]
    [InlineData("0::/system.slice/a b.service", null)]
    [InlineData("3:cpu:/system.slice/nginx.service", null)]
    public void The_unit_is_the_first_part_that_is_no_slice(string cgroup, string? unit) => Assert.Equal(unit, SystemdUnit.Of(ProcessCgroups.Parse(cgroup)!));

    [Fact]
    public void An_agent_in_a_cgroup_namespace_of_its_own_says_so() =>
        Assert.Equal("cgroup_unseen", Assert.Throws<AttestorException>(() => SystemdUnit.Of(ProcessCgroups.Parse("0::/../nginx.service")!)).Reason);

    [Fact]
    public void The_units_file_is_looked_for_in_systemds_order()
    {
        using var root = new TempDirectory();
        Put(root, "/usr/lib/systemd/system/a.service");
        Put(root, "/etc/systemd/system/a.service");
        Put(root, "/usr/lib/systemd/system/db@.service");
        Put(root, "/usr/lib/systemd/system/db@special.service");
        var files = new UnitFiles(root.FullPath);

        Assert.Equal(["/etc/systemd/system/a.service"], files.FragmentPaths("a.service"));
        Assert.Equal(["/usr/lib/systemd/system/db@.service"], files.FragmentPaths("db@main.service"));
        Assert.Equal(["/usr/lib/systemd/system/db@special.service"], files.FragmentPaths("db@special.service"));
        Assert.Empty(files.FragmentPaths("session-2.scope"));
    }

    [Fact]
    public void Where_lib_is_a_link_both_names_are_told()
    {
        using var root = new TempDirectory();
        Put(root, "/usr/lib/systemd/system/a.service");
        Directory.CreateSymbolicLink(root.File("lib"), "usr/lib");

        Assert.Equal(["/usr/lib/systemd/system/a.service", "/lib/systemd/system/a.service"], new UnitFiles(root.FullPath).FragmentPaths("a.service"));
    }

    [Fact]
    public async Task Selectors_bear_SPIREs_names()
    {
        using var root = new TempDirectory();
        Put(root, "/etc/systemd/system/nginx.service");
        using var proc = new ProcFolder("0::/system.slice/nginx.service\n");
        using var pair = new SocketPair();

        var selectors = await new SystemdAttestor(new UnitFiles(root.FullPath), proc.FullPath).AttestAsync(pair.Peer, CancellationToken.None);

        Assert.Equal(["systemd:id:nginx.service", "systemd:fragment_path:/etc/systemd/system/nginx.service"], selectors);
    }

    private static void Put(TempDirectory root, string path)
    {
        var file = root.File(path.TrimStart('/'));
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "[Unit]\n");
    }
}
