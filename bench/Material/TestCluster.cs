using MeshGrains.Testing;

namespace MeshGrains.Bench;

/// <summary>A Kubernetes cluster's token issuer, its key file, and tokens of many service accounts.</summary>
internal sealed class TestCluster : IDisposable
{
    private static readonly KubernetesTokenOptions Lasting = new() { Lifetime = TimeSpan.FromHours(6) };

    private readonly string _folder;

    public TestCluster(string folder)
    {
        _folder = folder;
        JwksFile = Tokens.WriteJwks(Path.Combine(folder, "jwks.json"));
    }

    public KubernetesTokens Tokens { get; } = new();

    public string JwksFile { get; }

    /// <summary>A token of the service account with this number; each account is a caller of its own.</summary>
    public string Token(int account) => Tokens.Create("load", $"account-{account}", Lasting);

    /// <summary>Writes tokens of as many accounts, one a line, readable by this user alone.</summary>
    public string WriteTokens(int count)
    {
        var file = Path.Combine(_folder, "tokens.txt");
        using (File.Create(file))
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.WriteAllLines(file, Enumerable.Range(0, count).Select(Token));
        return file;
    }

    public string WriteConfig(string more = "") => SiloSetup.WriteConfig(_folder, JwksFile, Tokens.Issuer, more);

    public void Dispose() => Tokens.Dispose();
}
