namespace MeshGrains.Bench;

/// <summary>What the renew drill cannot do without.</summary>
internal static class RenewNeeds
{
    /// <summary>Null when both proxies are there, else the word for what is missing.</summary>
    public static string? Missing() => NginxServer.Program is null ? $"nginx is not installed (Debian package {NginxServer.Package})"
        : HaproxyServer.Program is null ? $"haproxy is not installed (Debian package {HaproxyServer.Package})"
        : null;
}
