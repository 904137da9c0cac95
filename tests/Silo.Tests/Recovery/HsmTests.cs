using System.Net;
using MeshGrains.Keys;
using MeshGrains.Keys.Tests.Pkcs11;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Silo.Tests;

/// <summary>A silo whose root key lives in an HSM behind PKCS#11.</summary>
public sealed class HsmTests(SoftHsm hsm) : IClassFixture<SoftHsm>
{
    [SkippableFact]
    public async Task The_hsms_key_signs_the_root_and_a_restart_finds_it()
    {
        hsm.RequireHere();
        using var folder = new TempDirectory();
        string root;
        string[] settings = [$"keys.uri={hsm.Uri()}"];
        await using (var silo = await RunningSilo.StartAsync(folder.File("data"), null, settings))
        {
            root = await File.ReadAllTextAsync(silo.BundlePath);
            Assert.Equal("pkcs11", silo.Services.GetRequiredService<IKeyManager>().Scheme);
            Assert.Equal(HttpStatusCode.OK, (await silo.FetchAsync(await silo.JoinTokenAsync("spiffe://test.mesh/hello"))).Status);
        }

        var made = Keys();
        Assert.Equal(2, made.Count);
        Assert.False(Directory.Exists(Path.Combine(folder.File("data"), "keys")), "keys lie in files beside the HSM");

        await using (var silo = await RunningSilo.StartAsync(folder.File("data"), null, settings))
        {
            Assert.Equal(root, await File.ReadAllTextAsync(silo.BundlePath));
            Assert.Equal(HttpStatusCode.OK, (await silo.FetchAsync(await silo.JoinTokenAsync("spiffe://test.mesh/other"))).Status);
        }

        Assert.Equal(made, Keys());
    }

    /// <summary>The ids of the token's private keys, as another process sees them.</summary>
    private List<string> Keys() =>
        [.. hsm.Pkcs11Tool("--list-objects", "--type", "privkey").EnsureSuccess().Output.Split('\n').Select(line => line.Trim())
            .Where(line => line.StartsWith("ID:", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
