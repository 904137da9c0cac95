using FsCheck;
using FsCheck.Fluent;
using MeshGrains.Keys.Azure;

namespace MeshGrains.Keys.Tests.Azure;

public sealed class VaultChallengeTests
{
    private const string Authorization = "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47";

    [Theory]
    [InlineData("v.vault.azure.net", "https://vault.azure.net")]
    [InlineData("v.managedhsm.azure.net", "https://managedhsm.azure.net")]
    [InlineData("V.Vault.Azure.Net", "https://vault.azure.net")]
    [InlineData("v.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net")]
    public void A_vaults_own_resource_is_taken_as_scope(string host, string resource)
    {
        Assert.True(VaultChallenge.TryRead($"Bearer authorization=\"{Authorization}\", resource=\"{resource}\"", host, out var challenge, out _));
        Assert.Equal(resource + "/.default", challenge.Scope);
        Assert.Equal("72f988bf-86f1-41af-91ab-2d7cd011db47", challenge.Tenant);
    }

    [Fact]
    public void A_scope_in_the_resources_place_is_taken()
    {
        Assert.True(VaultChallenge.TryRead(
            $"Bearer authorization=\"{Authorization}\", scope=\"https://vault.azure.net/.default\"", "v.vault.azure.net", out var challenge, out _));
        Assert.Equal("https://vault.azure.net/.default", challenge.Scope);
    }

    [Fact]
    public void A_trailing_slash_does_not_reach_the_audience()
    {
        Assert.True(VaultChallenge.TryRead($"Bearer authorization=\"{Authorization}\", resource=\"https://vault.azure.net/\"", "v.vault.azure.net", out var challenge, out _));
        Assert.Equal("https://vault.azure.net/.default", challenge.Scope);
    }

    [Theory]
    [InlineData("v.vault.azure.net", "https://ault.azure.net")]
    [InlineData("vvault.azure.net", "https://vault.azure.net")]
    [InlineData("vault.azure.net", "https://vault.azure.net")]
    [InlineData("v.vault.azure.net.evil.example", "https://vault.azure.net")]
    [InlineData("v.vault.azure.net", "https://management.azure.com")]
    [InlineData("v.vault.azure.net", "https://net")]
    [InlineData("v.vault.azure.net", "http://vault.azure.net")]
    [InlineData("v.vault.azure.net", "https://vault.azure.net/x")]
    [InlineData("v.vault.azure.net", "https://u@vault.azure.net")]
    [InlineData("v.vault.azure.net", "https://vault.azure.net?x=1")]
    [InlineData("v.vault.azure.net", "vault.azure.net")]
    public void Any_other_resource_is_refused(string host, string resource) =>
        Assert.False(VaultChallenge.TryRead($"Bearer authorization=\"{Authorization}\", resource=\"{resource}\"", host, out _, out _));

    [Theory]
    [InlineData("http://login.microsoftonline.com/t")]
    [InlineData("https://login.microsoftonline.com/")]
    [InlineData("https://login.microsoftonline.com/a%2Fb")]
    [InlineData("login")]
    public void An_authorization_without_a_tenant_over_https_is_refused(string authorization) =>
        Assert.False(VaultChallenge.TryRead($"Bearer authorization=\"{authorization}\", resource=\"https://vault.azure.net\"", "v.vault.azure.net", out _, out _));

    [Fact]
    public void No_header_crashes_the_reader()
    {
        Prop.ForAll<NonNull<string>, NonNull<string>>((a, b) =>
        {
            VaultChallenge.TryRead(a.Get, "v.vault.azure.net", out _, out _);
            VaultChallenge.TryRead($"Bearer {a.Get}", "v.vault.azure.net", out _, out _);
            return !VaultChallenge.TryRead($"Bearer authorization=\"{a.Get}\", resource=\"{b.Get}\"", b.Get, out _, out _);
        }).QuickCheckThrowOnFailure();
    }
}
