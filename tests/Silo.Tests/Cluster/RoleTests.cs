using System.Net;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Silo.Tests;

/// <summary>Role authority apart from role issuer.</summary>
[Collection(ClusterServers.Collection)]
public sealed class RoleTests(ClusterServers servers)
{
    [SkippableFact]
    public async Task Authorities_certify_issuers_sign_and_a_silo_without_a_CA_relays()
    {
        await using var cluster = await MeshCluster.CreateAsync(servers);
        var authority = await cluster.AddUnreadyAsync("authority", "roles.0=authority", "relay.listen=127.0.0.1:0");
        cluster.WriteBootstrap("issuer", BootstrapNames.SiloRole);
        var issuer = await cluster.AddAsync("issuer", "roles.0=issuer", "relay.listen=127.0.0.1:0");
        await authority.ReadyAsync();

        Assert.Null(authority.Services.GetRequiredService<IssuerSource>().Current);
        var own = issuer.Services.GetRequiredService<IssuerSource>().Current!.AuthorityId;
        var token = await authority.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/hello");

        // It also serves its API under a certificate that the issuer signed for it, which comes a moment after the issuer does.
        await MeshCluster.UntilAsync(() => Task.FromResult(File.Exists(Path.Combine(authority.Data, "serving.pem"))), "a serving certificate by relay");
        var (status, body, svid) = await authority.FetchAsync(token, idempotencyKey: "one-request");
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        Assert.Equal(own, Convert.ToHexStringLower(ParsedCertificate.Read(svid!.TargetCertificate.RawData).AuthorityKeyIdentifier.Span));
    }

    [SkippableFact]
    public async Task Without_an_authority_issuers_go_on_and_changes_are_refused_until_one_is_back()
    {
        await using var cluster = await MeshCluster.CreateAsync(servers, null, "denials.lease=60s");
        var authority = await cluster.AddAsync("authority");
        cluster.WriteBootstrap("issuer", BootstrapNames.SiloRole);
        var issuer = await cluster.AddAsync("issuer", "roles.0=issuer");
        var token = await issuer.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/hello");

        await cluster.RemoveAsync("authority");

        Assert.Equal(HttpStatusCode.OK, (await issuer.FetchAsync(token)).Status);
        using var refused = await issuer.Admin.GetAsync("/v1/authorities");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Contains("no_authority", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        await cluster.AddAsync("authority");
        Assert.NotNull(await issuer.GetAsync("/v1/authorities"));
    }
}
