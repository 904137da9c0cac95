using System.Net;
using System.Security.Cryptography;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Tests.Serving;

public sealed class ClientCertificateCheckTests
{
    private const string OperatorId = "spiffe://mesh.test/meshgrains/reader";

    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private readonly FakeTimeProvider _time = new(Now);
    private readonly FakeIssuance _issuance = new(TestCa.Create());

    [Fact]
    public async Task An_operator_gets_in_while_a_tainted_ca_waits_for_another()
    {
        await using var host = await GatewayHost.StartAsync(
            options => options.Roles.Add(new RoleBindingOptions { SpiffeId = OperatorId, Roles = { OperatorRole.Read } }));
        host.Issuance.HasCa = false;
        Assert.Equal(HttpStatusCode.OK, (await host.Client("/meshgrains/reader").GetAsync("/v1/entries")).StatusCode);
    }

    [Fact]
    public void The_last_bundle_is_known_even_when_nobody_came_while_it_was_current()
    {
        _issuance.HasCa = false;
        var check = Check(TimeSpan.Zero);
        Assert.Contains("no trust bundle", Validate(check, Leaf(TimeSpan.FromHours(1))).Error, StringComparison.Ordinal);

        _issuance.HasCa = true;
        _issuance.RaiseIssuerChanged();
        _issuance.HasCa = false;
        _issuance.RaiseIssuerChanged();
        Assert.NotNull(Validate(check, Leaf(TimeSpan.FromHours(1))).Client);
    }

    [Fact]
    public void A_stranger_is_refused_while_there_is_no_ca_too()
    {
        var check = Check(TimeSpan.Zero);
        _issuance.HasCa = false;
        var stranger = TestCa.Create();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = stranger.Leaf("/ns/shop/sa/cart", key.ExportSubjectPublicKeyInfo(), Now, TimeSpan.FromHours(1));
        Assert.Null(check.Validate(leaf, [stranger.Snapshot.IssuingCaDer]).Client);
    }

    [Fact]
    public void A_certificate_is_taken_for_the_tolerated_skew_after_its_end_and_no_longer()
    {
        var check = Check(TimeSpan.FromMinutes(1));
        var leaf = Leaf(TimeSpan.FromMinutes(10));
        var notAfter = ParsedCertificate.Read(leaf).NotAfter;

        _time.Advance(notAfter + TimeSpan.FromSeconds(59) - Now);
        Assert.Equal(notAfter + TimeSpan.FromMinutes(1), Validate(check, leaf).Client!.Until);
        Assert.Null(Validate(Check(TimeSpan.Zero), leaf).Client);

        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(Validate(check, leaf).Client);
    }

    [Fact]
    public void Calls_agree_with_the_handshake_about_the_end()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = _issuance.Ca.Leaf("/meshgrains/reader", key.ExportSubjectPublicKeyInfo(), Now, TimeSpan.FromMinutes(10));
        var check = Check(TimeSpan.FromMinutes(1));
        var options = new GatewayOptions { Roles = { new RoleBindingOptions { SpiffeId = OperatorId, Roles = { OperatorRole.Read } } } };
        var operators = new OperatorAuthorizer(Options.Create(options), Options.Create(new RelayOptions()), new FakeDenials(), _time, NullLoggerFactory.Instance);

        _time.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(30));
        var client = Validate(check, leaf).Client!;
        var http = new DefaultHttpContext();
        http.Features.Set(new ConnectionOrigin(ListenerKinds.Mesh) { ClientChain = client });
        Assert.NotNull(operators.Identify(http));
        Assert.True(new SvidAuthenticator(_time).Authenticate(client).Succeeded);

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(operators.Identify(http));
        Assert.Equal("svid_expired", new SvidAuthenticator(_time).Authenticate(client).Refusal!.Reason);
    }

    private ClientCertificateCheck Check(TimeSpan skew) => new(new IssuanceTrust(_issuance, _issuance), Options.Create(new SvidOptions { ClockSkew = skew }), _time);

    private (ParsedClientChain? Client, string? Error) Validate(ClientCertificateCheck check, byte[] leaf)
        => check.Validate(leaf, [_issuance.Ca.Snapshot.IssuingCaDer]);

    private byte[] Leaf(TimeSpan life)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return _issuance.Ca.Leaf("/ns/shop/sa/cart", key.ExportSubjectPublicKeyInfo(), Now, life);
    }
}
