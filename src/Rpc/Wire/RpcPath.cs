namespace MeshGrains.Rpc.Wire;

/// <summary>Method paths: <c>/package.Service/Method</c>.</summary>
internal static class RpcPath
{
    /// <exception cref="ArgumentException">Not of that form.</exception>
    public static void Check(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        int second = path.IndexOf('/', 1);
        if (path[0] != '/' || second < 2 || second == path.Length - 1 || path.IndexOf('/', second + 1) >= 0 || path.AsSpan().ContainsAny('{', '}', ' '))
        {
            throw new ArgumentException($"'{path}' is no method path; write it as '/package.Service/Method'.", nameof(path));
        }
    }

    public static ReadOnlySpan<char> Service(string path) => path.AsSpan(1, path.IndexOf('/', 1) - 1);
}
