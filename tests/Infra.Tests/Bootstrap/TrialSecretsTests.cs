using MeshGrains.Identity;
using MeshGrains.Silo;
using MeshGrains.Testing;

namespace MeshGrains.Infra.Tests.Bootstrap;

/// <summary>infra/trial-secrets, run for real with the meshctl of this build.</summary>
public sealed class TrialSecretsTests : IDisposable
{
    private const string Domain = "mesh.example.org";

    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public void It_makes_what_silos_gateways_and_stores_need()
    {
        Run().EnsureSuccess();

        foreach (var (name, role) in new[] { ("a-0", "authority"), ("i-0", "silo"), ("front", "gateway") })
        {
            using var bootstrap = FileSiloBootstrap.Open(_folder.File($"bootstrap/{name}"), Domain, TimeProvider.System);
            var validation = X509SvidValidator.Validate(bootstrap.Chain[0], [], bootstrap.Anchors, TimeProvider.System.GetUtcNow());
            Assert.Equal($"spiffe://bootstrap.{Domain}/{role}/{name}", validation.Id?.ToString());
        }

        var front = ParsedCertificate.TryRead(PemOf("bootstrap/front/silo.pem"), out var gateway, out _) ? gateway : null;
        Assert.Equal(["front.svc", "localhost"], front?.DnsNames);
        Tool.Run("openssl", ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "trialstate.meshgrains.svc", "-CAfile", _folder.File("stores/ca.pem"), _folder.File("stores/server.pem")]).EnsureSuccess();
        Assert.Contains($" on >{File.ReadAllText(_folder.File("redis/password"))} ", File.ReadAllText(_folder.File("redis/users.acl")), StringComparison.Ordinal);
        Assert.StartsWith("user default off resetpass ~* &* +@all\n", File.ReadAllText(_folder.File("redis/users.acl")), StringComparison.Ordinal);
        Assert.Equal($"AZURITE_ACCOUNTS=trialstate:{File.ReadAllText(_folder.File("storage/account-key"))}\n", File.ReadAllText(_folder.File("storage/accounts.env")));
        Assert.False(File.Exists(_folder.File("stores/ca.key")), "the stores' CA key is kept");
        Assert.All(
            Directory.EnumerateFiles(_folder.FullPath, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".pem", StringComparison.Ordinal)),
            file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [SkippableFact]
    public void Run_again_it_changes_nothing()
    {
        Run().EnsureSuccess();
        var before = Directory.GetFiles(_folder.FullPath, "*", SearchOption.AllDirectories).ToDictionary(path => path, File.ReadAllText);
        Run().EnsureSuccess();
        Assert.Equal(before, Directory.GetFiles(_folder.FullPath, "*", SearchOption.AllDirectories).ToDictionary(path => path, File.ReadAllText));
    }

    [SkippableFact]
    public void A_wrong_argument_is_told()
    {
        var result = Run("pilot=x");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("'pilot=x' is none of authority=NAME", result.Errors, StringComparison.Ordinal);
    }

    private byte[] PemOf(string name)
    {
        var text = File.ReadAllText(_folder.File(name));
        return Convert.FromBase64String(text[System.Security.Cryptography.PemEncoding.Find(text).Base64Data]);
    }

    private ToolResult Run(params string[] more)
    {
        Tool.Require("openssl", "openssl");
        return Tool.Run(
            Tool.Require("bash", "bash"),
            [
                Tree.At("infra/trial-secrets"), _folder.FullPath, Domain, "authority=a-0", "silo=i-0", "gateway=front,front.svc,localhost",
                "store=redis.meshgrains.svc", "store=trialstate.meshgrains.svc", .. more,
            ],
            environment: new Dictionary<string, string?> { ["MESHCTL"] = Tree.Program("Cli", "meshctl") });
    }
}
