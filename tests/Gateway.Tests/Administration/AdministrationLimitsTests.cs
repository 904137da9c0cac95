using System.Net;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Administration;

public sealed class AdministrationLimitsTests
{
    private const string Reader = "/meshgrains/reader";

    // More than the burst of failures that limits allow by default.
    private const int Flood = 150;

    [Fact]
    public async Task A_flood_of_strangers_is_turned_away_unheard_and_told_in_few_lines()
    {
        await using var host = await StartAsync(one => one.RealLimits = true);
        var client = host.Client();
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < Flood; i++)
        {
            using var reply = await client.GetAsync("/v1/entries");
            statuses.Add(reply.StatusCode);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, statuses[0]);
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        var told = host.Logs.Lines.Count(line => line.StartsWith("MeshGrains.Audit:", StringComparison.Ordinal) && line.Contains("was refused", StringComparison.Ordinal));
        Assert.InRange(told, 1, statuses.Count(status => status == HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task A_flood_of_one_identity_without_a_role_leaves_its_neighbours_alone()
    {
        await using var host = await StartAsync(one => one.RealLimits = true);
        var workload = host.Client("/ns/shop/sa/cart");
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < Flood; i++)
        {
            using var reply = await workload.GetAsync("/v1/entries");
            statuses.Add(reply.StatusCode);
        }

        Assert.Equal(HttpStatusCode.Forbidden, statuses[0]);
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        Assert.Equal(HttpStatusCode.OK, (await host.Client(Reader).GetAsync("/v1/entries")).StatusCode);
    }

    [Fact]
    public async Task Administration_from_afar_passes_admission_and_the_local_operator_does_not()
    {
        await using var host = await StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.Client(Reader).GetAsync("/v1/entries")).StatusCode);
        Assert.Equal((1, AdmissionClass.Renewal), (host.Admission.Entered, host.Admission.LastHint));
        Assert.Equal(0, host.Admission.Inside);

        host.Admission.Entry = new Refusal(RefusalCode.ResourceExhausted, "address_rate", "Slow down.", RetryAfter: TimeSpan.FromSeconds(2));
        var refused = await host.Client(Reader).GetAsync("/v1/entries");
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(2), refused.Headers.RetryAfter?.Delta);
        Assert.Equal(HttpStatusCode.OK, (await host.AdminClient().GetAsync("/v1/entries")).StatusCode);
    }

    private static Task<GatewayHost> StartAsync(Action<GatewayHost>? prepare = null)
        => GatewayHost.StartAsync(
            options => options.Roles.Add(new RoleBindingOptions { SpiffeId = "spiffe://mesh.test" + Reader, Roles = { OperatorRole.Read } }), prepare);
}
