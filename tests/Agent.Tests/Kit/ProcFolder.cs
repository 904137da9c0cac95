using System.Globalization;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>Stands in for /proc: one process, which is this one but for its cgroups.</summary>
internal sealed class ProcFolder : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly string _own;

    public ProcFolder(string cgroup)
    {
        var pid = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        _own = Path.Combine(_folder.FullPath, pid);
        Directory.CreateDirectory(_own);
        File.CreateSymbolicLink(Path.Combine(_own, "status"), $"/proc/{pid}/status");

        // The kernel's link leads to the running file; another link would be one more step on the way.
        File.CreateSymbolicLink(Path.Combine(_own, "exe"), new FileInfo($"/proc/{pid}/exe").LinkTarget!);
        Cgroup = cgroup;
    }

    public string FullPath => _folder.FullPath;

    public string Cgroup
    {
        set => File.WriteAllText(Path.Combine(_own, "cgroup"), value);
    }

    public void Dispose() => _folder.Dispose();
}
