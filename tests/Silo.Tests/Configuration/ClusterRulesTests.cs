using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>What <c>roles</c>, <c>clustering</c> and <c>storage</c> may say. Only the texts that both grain hosts know are looked for.</summary>
public sealed class ClusterRulesTests
{
    [Theory]
    [InlineData("is no role", "roles.0=boss")]
    [InlineData("a silo by itself needs both roles", "roles.0=issuer")]
    [InlineData("without storage.blobEndpoint", "clustering.redis=127.0.0.1:6379")]
    [InlineData("is not host:port", "clustering.redis=redis.example.org")]
    [InlineData("is not host:port", "clustering.redis=[::1]")]
    [InlineData("lies beyond loopback", "clustering.redis=redis.example.org:6380")]
    [InlineData("lies beyond loopback", "clustering.redis=127.0.0.1:6379, 10.0.0.7:6379")]
    [InlineData("lies beyond loopback", "clustering.redis=10.0.0.7:6380", "clustering.redisTls=true")]
    [InlineData("needs a password", "clustering.redisUser=silos")]
    [InlineData("would check nothing", "clustering.redisCaFile=/dev/null")]
    [InlineData("/nowhere/password does not exist", "clustering.redisPasswordFile=/nowhere/password")]
    [InlineData("is not address:port", "clustering.listen=10.0.0.5")]
    [InlineData("no other silo can dial", "clustering.listen=0.0.0.0:11111")]
    [InlineData("no other silo can dial", "clustering.listen=[::]:11111")]
    [InlineData("no other silo can dial", "clustering.listen=0.0.0.0:11111", "clustering.advertise=0.0.0.0")]
    [InlineData("neither an IP address nor IP:port", "clustering.listen=0.0.0.0:11111", "clustering.advertise=silo-1.example.org")]
    [InlineData("must both name their port", "clustering.listen=0.0.0.0:0", "clustering.advertise=10.0.0.5:11111")]
    [InlineData("give 1 to 100", "clustering.missedProbes=0")]
    [InlineData("give a time from 200ms to 1h", "clustering.probeInterval=10ms")]
    [InlineData("without storage.blobEndpoint", "storage.logBlobEndpoint=https://log.blob.core.windows.net")]
    [InlineData("/nowhere/key does not exist", "storage.accountKeyFile=/nowhere/key")]
    [InlineData("gateway.drainDelay must be from 0s to 5m", "gateway.drainDelay=1h")]
    public void A_wrong_setting_is_told_with_what_to_do(string words, params string[] settings) => Assert.Contains(words, Refusal(settings), StringComparison.Ordinal);

    [Theory]
    [InlineData("10.0.0.5:11111", "", "10.0.0.5:11111", "10.0.0.5:11111")]
    [InlineData("0.0.0.0:11111", "10.0.0.5", "0.0.0.0:11111", "10.0.0.5:11111")]
    [InlineData("0.0.0.0:11111", "203.0.113.5:443", "0.0.0.0:11111", "203.0.113.5:443")]
    [InlineData("[::]:11111", "2001:db8::5", "[::]:11111", "[2001:db8::5]:11111")]
    [InlineData("[::]:11111", "[2001:db8::5]:443", "[::]:11111", "[2001:db8::5]:443")]
    public void Listening_and_advertised_addresses_are_told_apart(string listen, string advertise, string bound, string told)
    {
        Assert.Null(SiloAddressing.TryParse(new ClusteringOptions { Listen = listen, Advertise = advertise }, out var addressing));
        Assert.Equal((bound, told), (addressing!.Listen.ToString(), addressing.Advertised.ToString()));
    }

    [Fact]
    public void Redis_beyond_loopback_is_allowed_under_TLS_with_a_password_or_when_told_so()
    {
        using var folder = new TempDirectory();
        var password = folder.Write("password", "a password");
        Assert.DoesNotContain("loopback", Refusal("clustering.redis=redis.example.org:6380", "clustering.redisTls=true", $"clustering.redisPasswordFile={password}"), StringComparison.Ordinal);
        Assert.DoesNotContain("loopback", Refusal("clustering.redis=redis.example.org:6380", "clustering.allowInsecure=true"), StringComparison.Ordinal);
    }

    [Fact]
    public void Solo_refuses_what_only_a_cluster_has()
    {
        var refusal = Refusal("clustering.redis=127.0.0.1:6379", "storage.blobEndpoint=https://state.blob.core.windows.net");
        Assert.Equal(GrainHost.Name == "Solo", refusal.Contains("Solo, one process that is never distributed", StringComparison.Ordinal));
    }

    private static string Refusal(params string[] settings)
    {
        try
        {
            SiloApplication.Validate(ConfigurationLoader.Load(null, [], settings.Select(setting => setting.Split('=', 2)).Select(pair => (pair[0], pair[1], "test"))));
            return "";
        }
        catch (ConfigurationException wrong)
        {
            return wrong.Message;
        }
    }
}
