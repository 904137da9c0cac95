using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>A whole silo with its stores behind a whole gateway process' application: what a client sees, and what the log says.</summary>
public sealed class GatewayCommandTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    [SkippableFact]
    public async Task A_foreign_client_attests_and_is_refused_through_the_gateway_as_at_a_silo()
    {
        Tool.RequirePython("grpc", "python3-grpcio");
        await using var silo = await RunningSilo.StartAsync(_folder.File("silo"), null, "relay.listen=127.0.0.1:0");
        await using var front = await RunningFront.StartAsync(silo, _folder.File("front"), $"relay.silos.0={RunningFront.RelayOf(silo)}");
        await using var python = PythonClient.Start(front);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var token = await silo.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/ns/shop/sa/cart");

        var (code, _, chain) = await python.AskAsync(token, SiloClient.Csr(key));
        Assert.Equal("OK", code);
        Assert.Equal(3, chain.Count);

        var again = await python.AskAsync(token, SiloClient.Csr(key));
        Assert.Equal("UNAUTHENTICATED", again.Code);
        Assert.Matches("join token is unknown, used or expired.*request [0-9a-f]{32}", again.Details);
        var none = await python.AskAsync(null, SiloClient.Csr(key));
        Assert.Equal("UNAUTHENTICATED", none.Code);
        var impersonating = await python.AskAsync(await silo.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/ns/shop/sa/pay"), SiloClient.Csr(key), impersonate: "spiffe://x/y");
        Assert.Equal("UNAUTHENTICATED", impersonating.Code);

        var records = (await silo.GetAsync("/v1/issuances"))!["issuances"]!.AsArray();
        Assert.Contains(records, record => (string)record!["spiffeId"]! == $"spiffe://{SiloClient.TrustDomain}/meshgrains/gateway/edge-1");
    }

    [Fact]
    public async Task A_holder_renews_through_the_gateway_and_keeps_one_answer_for_one_key()
    {
        using var tokens = new KubernetesTokens();
        await using var silo = await RunningSilo.StartAsync(_folder.File("silo"), tokens, "relay.listen=127.0.0.1:0");
        File.WriteAllLines(_folder.File("silos"), ["# written by a tool", RunningFront.RelayOf(silo)]);
        await using var front = await RunningFront.StartAsync(silo, _folder.File("front"), $"relay.silosFile={_folder.File("silos")}");

        var first = await front.FetchAsync(tokens.Create());
        Assert.True(first.Status == HttpStatusCode.OK, first.Body.ToJsonString());
        var renewed = await front.FetchAsync(null, first.Svid);
        Assert.True(renewed.Status == HttpStatusCode.OK, renewed.Body.ToJsonString());
        Assert.Equal((string)first.Body["spiffeId"]!, (string)renewed.Body["spiffeId"]!);
        Assert.NotEqual((string)first.Body["serial"]!, (string)renewed.Body["serial"]!);

        var endpoints = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder.File("front"), "endpoints.json")))!;
        Assert.Equal(front.Gateway.Port, new Uri((string)endpoints["gateway"]!).Port);
        Assert.Equal(RunningFront.RelayOf(silo), (string)JsonNode.Parse(File.ReadAllText(Path.Combine(_folder.File("silo"), "endpoints.json")))!["relay"]!);
    }

    [Fact]
    public async Task A_gateway_that_stops_is_not_ready_and_serves_on_until_balancers_have_noticed()
    {
        using var tokens = new KubernetesTokens();
        await using var silo = await RunningSilo.StartAsync(_folder.File("silo"), tokens, "relay.listen=127.0.0.1:0");
        await using var front = await RunningFront.StartAsync(silo, _folder.File("front"), $"relay.silos.0={RunningFront.RelayOf(silo)}", "gateway.drainDelay=3s");

        var stopping = front.StopAsync();
        await front.NotReadyAsync("is stopping.");
        var (status, body, _) = await front.FetchAsync(tokens.Create());

        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        Assert.False(stopping.IsCompleted);
        await stopping.WaitAsync(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<HttpRequestException>(() => front.FetchAsync(tokens.Create()));
    }

    [Fact]
    public async Task The_silos_file_is_read_again_and_the_serving_certificate_survives_a_restart()
    {
        await using var silo = await RunningSilo.StartAsync(_folder.File("silo"), null, "relay.listen=127.0.0.1:0");
        var list = _folder.File("silos");
        var data = _folder.File("front");
        File.WriteAllText(list, "");
        RunningFront.Certify(silo.Data, data, BootstrapNames.GatewayRole, "edge-1");
        await using (var front = await RunningFront.StartUnreadyAsync(silo, data, $"relay.silosFile={list}"))
        {
            await front.NotReadyAsync("no silo is known");
            File.WriteAllText(list, RunningFront.RelayOf(silo) + "\n");
            await front.ReadyAsync(withTemplates: false);
        }

        File.WriteAllText(list, "");
        await using var again = await RunningFront.StartUnreadyAsync(silo, data, $"relay.silosFile={list}");
        using var rest = again.Rest();
        using var reply = await rest.GetAsync("/v1/bundle");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.StatusCode);
    }

    [Fact]
    public async Task A_gateway_that_is_stopped_says_that_it_is_not_ready_and_serves_until_its_drain_is_over()
    {
        using var tokens = new KubernetesTokens();
        await using var silo = await RunningSilo.StartAsync(_folder.File("silo"), tokens, "relay.listen=127.0.0.1:0");
        var front = await RunningFront.StartAsync(silo, _folder.File("front"), $"relay.silos.0={RunningFront.RelayOf(silo)}", "gateway.drainDelay=3s");
        var stopping = front.DisposeAsync().AsTask();
        Assert.Contains("stopping", await front.NotReadyAsync("stopping"), StringComparison.Ordinal);
        var (status, body, _) = await front.FetchAsync(tokens.Create());
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        Assert.False(stopping.IsCompleted);
        await stopping;
        Assert.False(File.Exists(_folder.File("front/endpoints.json")));
    }

    [Fact]
    public async Task A_bootstrap_certificate_of_another_role_or_a_configuration_without_silos_stops_the_start()
    {
        await using var silo = await RunningSilo.StartAsync(_folder.File("silo"), null, "relay.listen=127.0.0.1:0");
        var data = _folder.File("front");
        RunningFront.Certify(silo.Data, data, BootstrapNames.SiloRole, "silo-2");
        var wrong = await Assert.ThrowsAsync<ConfigurationException>(() => RunningFront.StartUnreadyAsync(silo, data, $"relay.silos.0={RunningFront.RelayOf(silo)}"));
        Assert.Contains("--role gateway", Assert.Single(wrong.Errors), StringComparison.Ordinal);
        wrong = await Assert.ThrowsAsync<ConfigurationException>(() => RunningFront.StartUnreadyAsync(silo, data));
        Assert.Contains("relay.silos", Assert.Single(wrong.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("relay.listen=nowhere", "relay.listen")]
    [InlineData("relay.listen=0.0.0.0:8444", "relay.advertise")]
    [InlineData("relay.advertise=silo-1:8444", "relay.listen")]
    [InlineData("relay.silos.0=silo-1", "relay.silos")]
    [InlineData("relay.maxAttempts=9", "relay.maxAttempts")]
    [InlineData("relay.attemptTimeout=0s", "relay.attemptTimeout")]
    [InlineData("relay.retryShare=2", "relay.retryShare")]
    public void A_wrong_setting_is_told(string setting, string words)
    {
        var pair = setting.Split('=', 2);
        var wrong = Assert.Throws<ConfigurationException>(() => SiloApplication.Validate(ConfigurationLoader.Load(null, [], [(pair[0], pair[1], "test")])));
        Assert.Contains(words, string.Join('\n', wrong.Errors), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
