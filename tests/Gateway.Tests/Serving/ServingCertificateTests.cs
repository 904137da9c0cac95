using MeshGrains.Gateway.Serving;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Tests.Serving;

public sealed class ServingCertificateTests
{
    [Fact]
    public async Task It_is_renewed_at_half_its_life_within_a_tenth()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var issuance = new FakeIssuance(TestCa.Create()) { ServingLife = TimeSpan.FromHours(1) };
        using var serving = Make(issuance, time, out _);
        await serving.StartAsync(CancellationToken.None);

        Assert.Equal(1, issuance.ServingIssued);
        Assert.InRange(time.UntilNextTimer!.Value, TimeSpan.FromMinutes(26.9), TimeSpan.FromMinutes(33.1));
        time.Advance(TimeSpan.FromMinutes(34));
        Assert.Equal(2, issuance.ServingIssued);
    }

    [Fact]
    public async Task Without_a_ca_it_tries_again_ever_more_slowly_and_says_why()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var issuance = new FakeIssuance(TestCa.Create()) { HasCa = false };
        using var serving = Make(issuance, time, out var tls);
        await serving.StartAsync(CancellationToken.None);

        Assert.Equal("waiting for the key manager", serving.NotReadyReason);
        Assert.False(tls.HasCertificate);
        var first = time.UntilNextTimer!.Value;
        time.Advance(first);
        Assert.True(time.UntilNextTimer > first);
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.True(time.UntilNextTimer <= TimeSpan.FromSeconds(33));

        issuance.HasCa = true;
        time.Advance(TimeSpan.FromSeconds(33));
        Assert.Null(serving.NotReadyReason);
        Assert.True(tls.HasCertificate);
    }

    [Fact]
    public async Task A_changed_issuer_gives_a_new_certificate_at_once()
    {
        var issuance = new FakeIssuance(TestCa.Create());
        using var serving = Make(issuance, new FakeTimeProvider(DateTimeOffset.UtcNow), out _);
        await serving.StartAsync(CancellationToken.None);
        issuance.RaiseIssuerChanged();

        Assert.Equal(2, issuance.ServingIssued);
    }

    [Fact]
    public async Task A_failed_renewal_keeps_the_old_one_until_it_ends()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var issuance = new FakeIssuance(TestCa.Create()) { ServingLife = TimeSpan.FromHours(1) };
        using var serving = Make(issuance, time, out var tls);
        await serving.StartAsync(CancellationToken.None);
        issuance.HasCa = false;
        time.Advance(TimeSpan.FromMinutes(40));

        Assert.Null(serving.NotReadyReason);
        Assert.True(tls.HasCertificate);
        time.Advance(TimeSpan.FromMinutes(30));
        Assert.Contains("ended", serving.NotReadyReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_the_stop_nothing_is_issued()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var issuance = new FakeIssuance(TestCa.Create());
        using var serving = Make(issuance, time, out _);
        await serving.StartAsync(CancellationToken.None);
        await serving.StopAsync(CancellationToken.None);
        issuance.RaiseIssuerChanged();
        time.Advance(TimeSpan.FromHours(5));

        Assert.Equal(1, issuance.ServingIssued);
    }

    private static ServingCertificate Make(FakeIssuance issuance, TimeProvider time, out ServingTls tls)
    {
        tls = new ServingTls(new ClientCertificateCheck(new IssuanceTrust(issuance, issuance), Options.Create(new SvidOptions()), time), time, NullLogger<ServingTls>.Instance);
        return new ServingCertificate(
            issuance, tls, Options.Create(new GatewayOptions()), time, new SystemRandomSource(), NullLogger<ServingCertificate>.Instance);
    }
}
