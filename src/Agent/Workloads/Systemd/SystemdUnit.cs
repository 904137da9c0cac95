using MeshGrains.Agent.Workloads.Cgroups;

namespace MeshGrains.Agent.Workloads.Systemd;

/// <summary>The unit of a process: the first part of its cgroup that is no slice. What stands below was delegated, and says nothing.</summary>
internal static class SystemdUnit
{
    private const int MaxName = 255;
    private const string Slice = ".slice";
    private static readonly string[] Suffixes = [".service", ".scope", ".socket", ".mount", ".swap"];

    /// <summary>Null for a process in no unit.</summary>
    /// <exception cref="AttestorException">The agent does not see the whole path.</exception>
    public static string? Of(ProcessCgroups cgroups)
    {
        // systemd's own hierarchy of v1 where there is one, else the one of v2.
        var line = cgroups.Lines.FirstOrDefault(line => line.Controllers == "name=systemd") ?? cgroups.Lines.FirstOrDefault(line => line.Controllers.Length == 0);
        if (line is null)
        {
            return null;
        }

        var parts = line.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts is ["..", ..])
        {
            throw new AttestorException("cgroup_unseen", "the agent sees a part of the cgroups only; run it in the host's cgroup namespace");
        }

        // A leading _ protects names that the kernel keeps for itself.
        var first = parts.Select(part => part.StartsWith('_') ? part[1..] : part).SkipWhile(IsSlice).FirstOrDefault();
        return first is not null && IsName(first) && Suffixes.Any(suffix => first.Length > suffix.Length && first.EndsWith(suffix, StringComparison.Ordinal)) ? first : null;
    }

    private static bool IsSlice(string part) => part.Length > Slice.Length && part.EndsWith(Slice, StringComparison.Ordinal) && IsName(part);

    private static bool IsName(string part) => part.Length <= MaxName && part.All(c => char.IsAsciiLetterOrDigit(c) || c is ':' or '-' or '_' or '.' or '\\' or '@');
}
