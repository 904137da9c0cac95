using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

public sealed class ConfigurationTests
{
    [Fact]
    public void An_unknown_key_is_refused_with_the_nearest_name_and_its_place()
    {
        using var folder = new TempDirectory();
        var file = folder.Write("mesh.yaml", "trustDomain: a.b\nsvid:\n  defaultTtll: 1h\n");

        var refused = Assert.Throws<ConfigurationException>(() => ConfigurationLoader.Load(file, [], []));

        Assert.Equal([$"{file}:3: unknown key 'svid.defaultTtll'. Did you mean 'defaultTtl'?"], refused.Errors);
    }

    [Theory]
    [InlineData("svid.defaultTtl=soon", "give a time such as 30s")]
    [InlineData("ca.issuingCaBudgetPerHour=many", "give a whole number")]
    [InlineData("limits.maxConnections=99999999999", "give a whole number")]
    [InlineData("ca.rootKeyAlgorithm=Dsa", "give one of EcdsaP256")]
    [InlineData("ca.nameConstraints=maybe", "give true or false")]
    [InlineData("gateway=x", "holds keys")]
    [InlineData("trustDomain.name=x", "single value")]
    [InlineData("templates.first.source=x", "is no index")]
    public void A_wrong_value_is_refused_with_what_to_give(string flag, string expected)
    {
        var refused = Assert.Throws<ConfigurationException>(() => Load(flag));

        Assert.Contains(expected, Assert.Single(refused.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void All_errors_are_told_at_once()
    {
        var refused = Assert.Throws<ConfigurationException>(() => Load("a=1", "svid.b=2", "svid.maxTtl=3x"));

        Assert.Equal(3, refused.Errors.Count);
    }

    [Fact]
    public void Variables_override_the_file_and_flags_override_both()
    {
        using var folder = new TempDirectory();
        var file = folder.Write("mesh.yaml", "svid:\n  defaultTtl: 1h\n  maxTtl: 2h\n  backdate: 30s\n");

        var configuration = ConfigurationLoader.Load(
            file,
            [new("MESHGRAINS__SVID__MAXTTL", "3h"), new("MESHGRAINS__SVID__BACKDATE", "10s"), new("PATH", "/bin")],
            [("svid.backdate", "5s", "--set")]);

        Assert.Equal(["01:00:00", "03:00:00", "00:00:05"], new[] { "defaultTtl", "maxTtl", "backdate" }.Select(key => configuration[$"svid:{key}"]));
    }

    [Theory]
    [InlineData("trustDomain=Not.Lower", "trustDomain")]
    [InlineData("svid.defaultTtl=10s", "svid.defaultTtl")]
    [InlineData("svid.maxTtl=60h", "svid.maxTtl")]
    [InlineData("ca.issuingCaTtl=1m", "--allow-short-lives")]
    [InlineData("denials.lease=1s", "denials.lease")]
    [InlineData("gateway.listen=nowhere", "listen")]
    [InlineData("keys.uri=cloud:x", "file:, pkcs11: and azurekms:")]
    [InlineData("telemetry.logFormat=xml", "text or json")]
    public void A_value_out_of_range_stops_the_start_with_words_that_say_what_to_do(string flag, string expected)
    {
        var refused = Assert.Throws<ConfigurationException>(() => SiloApplication.Validate(Load(flag)));

        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_for_a_source_that_nobody_configured_is_refused()
    {
        var refused = Assert.Throws<ConfigurationException>(() => SiloApplication.Validate(Load(
            "templates.0.source=prod", "templates.0.pattern=spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}")));

        Assert.Contains("attestation.kubernetes", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_defaults_are_valid() => Assert.Equal("mesh.local", SiloApplication.Validate(Load()).TrustDomain);

    private static Microsoft.Extensions.Configuration.IConfigurationRoot Load(params string[] flags) =>
        ConfigurationLoader.Load(null, [], flags.Select(flag => flag.Split('=', 2)).Select(pair => (pair[0], pair[1], "--set")));
}
