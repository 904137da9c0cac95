using MeshGrains.Grains;

namespace MeshGrains.Gateway.Administration;

/// <summary>
/// Who administers. <paramref name="Name"/> is <c>uid:1000</c> or a SPIFFE ID and goes into records as the actor.
/// <paramref name="PathPrefixes"/> bound what <see cref="OperatorRole.Register"/> may touch.
/// </summary>
internal sealed record Operator(string Name, IReadOnlyList<OperatorRole> Roles, IReadOnlyList<string> PathPrefixes)
{
    public bool IsAdmin => Roles.Contains(OperatorRole.Admin);

    /// <summary>May this operator make, change or remove registrations at this SPIFFE path? Reserved paths are for admins alone.</summary>
    public bool MayRegister(string path) => IsAdmin
        || (Roles.Contains(OperatorRole.Register) && !EntryRules.IsReserved(path) && PathPrefixes.Any(prefix => MeshScope.IsUnder(path, prefix)));
}
