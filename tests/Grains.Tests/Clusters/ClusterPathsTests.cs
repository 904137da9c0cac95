using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains.Tests;

public sealed class ClusterPathsTests
{
    [Theory]
    [InlineData("/ns/eu", true)]
    [InlineData("/ns/eu/sa/web", true)]
    [InlineData("/ns/europe", false)]
    [InlineData("/ns", false)]
    [InlineData("/ns/us/sa/web", false)]
    [InlineData("/meshgrains/agent/join/one", true)]
    [InlineData("/meshgrains/operators/sre", false)]
    [InlineData("/meshgrains", false)]
    public void A_member_issues_below_its_paths_and_for_its_agents(string path, bool allowed) =>
        Assert.Equal(allowed, ClusterPaths.Allows(["/ns/eu"], path));

    [Fact]
    public void A_wider_path_than_the_allowed_one_is_more_than_it()
    {
        Assert.True(ClusterPaths.Holds(["/ns/eu", "/x"], ["/ns/eu/a", "/x"]));
        Assert.False(ClusterPaths.Holds(["/ns/eu"], ["/ns"]));
        Assert.False(ClusterPaths.Holds(["/ns/eu"], ["/ns/eu", "/ns/eux"]));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("ns/eu")]
    [InlineData("/ns/eu/")]
    [InlineData("/ns//eu")]
    [InlineData("/meshgrains/operators")]
    public void What_is_no_path_of_workloads_is_told_at_start(string path)
    {
        var home = new HomeOptions { Address = "home:8445", AllowedPaths = [path] };
        var trustDomain = Options.Create(new TrustDomainOptions { Cluster = "eu" });

        var result = new HomeOptionsValidator(trustDomain, Options.Create(new AuthorityOptions())).Validate(null, home);

        Assert.Contains("home.allowedPaths", result.FailureMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_thing_that_a_home_and_a_member_lack_is_told_with_its_key()
    {
        var main = Options.Create(new TrustDomainOptions());
        var authority = new AuthorityOptions { Clusters = [new MemberClusterOptions { Name = "main" }, new MemberClusterOptions { Name = "a b" }, new MemberClusterOptions { Name = "a b" }] };
        var told = new AuthorityOptionsValidator(main).Validate(null, authority).FailureMessage;
        Assert.All(
            new[] { "authority.listen", "'main' is this cluster's own name", "'a b' 2 times", "allowedPaths", "siloCaFile", "'a b' must be" },
            word => Assert.Contains(word, told, StringComparison.Ordinal));

        var member = new HomeOptionsValidator(main, Options.Create(authority)).Validate(null, new HomeOptions { Address = "nowhere" }).FailureMessage;
        Assert.All(
            new[] { "home.address: 'nowhere'", "this cluster's own name", "a trust domain has one home", "home.allowedPaths is empty" },
            word => Assert.Contains(word, member, StringComparison.Ordinal));
        Assert.True(new HomeOptionsValidator(main, Options.Create(authority)).Validate(null, new HomeOptions()).Succeeded);
    }

    [Fact]
    public async Task A_registration_outside_of_the_members_paths_gives_nothing()
    {
        await using var parts = await IssuanceParts.StartAsync();
        var request = new SvidRequest(parts.Token(), IssuanceParts.Csr, null, "r-1");
        Assert.True((await parts.Service.IssueAsync(request, default)).Succeeded);

        parts.Home.Address = "home:8445";
        parts.Home.AllowedPaths.Add("/ns/eu");

        Assert.Equal("outside_cluster", (await parts.Service.IssueAsync(request, default)).Refusal!.Reason);
        parts.Home.AllowedPaths.Add(SpiffeId.Parse(IssuanceParts.Cart).Path);
        Assert.True((await parts.Service.IssueAsync(request, default)).Succeeded);
    }
}
