using MeshGrains.Gateway.Administration;
using MeshGrains.Grains;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Tests.Serving;

public sealed class GatewayOptionsTests
{
    [Fact]
    public void The_defaults_are_valid() => Assert.True(Validate(_ => { }).Succeeded);

    [Theory]
    [InlineData("Node-1", new[] { "localhost", "node-1" })]
    [InlineData("LOCALHOST", new[] { "localhost" })]
    [InlineData("my mac", new[] { "localhost" })]
    [InlineData("-odd", new[] { "localhost" })]
    [InlineData("", new[] { "localhost" })]
    public void A_host_name_that_no_certificate_can_carry_is_left_out(string machine, string[] expected)
        => Assert.Equal(expected, GatewayOptions.DefaultDnsNames(machine));

    [Theory]
    [InlineData("8443")]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("::1:8443")]
    [InlineData("host.example:8443")]
    [InlineData("127.0.0.1:70000")]
    [InlineData("")]
    public void A_listen_address_needs_address_and_port(string listen) => AssertError(options => options.Listen = listen, "gateway.listen");

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("[::1]:8443")]
    [InlineData("localhost:1")]
    [InlineData("0.0.0.0:8443")]
    public void These_listen_addresses_are_fine(string listen) => Assert.True(Validate(options => options.Listen = listen).Succeeded);

    [Fact]
    public void A_socket_path_that_no_kernel_takes_is_refused()
        => AssertError(options => options.AdminSocket = "/" + new string('x', 107), "gateway.adminSocket");

    [Fact]
    public void Names_and_addresses_are_checked()
    {
        AssertError(options => options.DnsNames.Add("not a name"), "gateway.dnsNames");
        AssertError(options => options.IpAddresses.Add("localhost"), "gateway.ipAddresses");
    }

    [Theory]
    [InlineData("spiffe://mesh.test/ns/shop")]
    [InlineData("spiffe://mesh.test/meshgrains")]
    [InlineData("spiffe://other.test/meshgrains/operator")]
    [InlineData("operator")]
    public void Roles_go_only_to_reserved_identities_of_this_trust_domain(string id)
        => AssertError(options => options.Roles.Add(new RoleBindingOptions { SpiffeId = id, Roles = { OperatorRole.Read } }), "gateway.roles[0].spiffeId");

    [Fact]
    public void A_binding_without_roles_is_refused()
        => AssertError(options => options.Roles.Add(new RoleBindingOptions { SpiffeId = "spiffe://mesh.test/meshgrains/a" }), "roles is empty");

    [Fact]
    public void Register_needs_a_path()
        => AssertError(options => options.Roles.Add(Registrar()), "pathPrefixes is empty");

    [Theory]
    [InlineData("/meshgrains")]
    [InlineData("/meshgrains/x")]
    [InlineData("ns")]
    [InlineData("/a//b")]
    public void Register_cannot_be_given_reserved_or_malformed_paths(string path)
        => AssertError(options => options.Roles.Add(Registrar(path)), "pathPrefixes");

    [Theory]
    [InlineData("/")]
    [InlineData("/ns/")]
    [InlineData("/ns/shop")]
    public void These_paths_are_fine(string path) => Assert.True(Validate(options => options.Roles.Add(Registrar(path))).Succeeded);

    private static RoleBindingOptions Registrar(params string[] paths)
    {
        var binding = new RoleBindingOptions { SpiffeId = "spiffe://mesh.test/meshgrains/a", Roles = { OperatorRole.Register } };
        foreach (var path in paths)
        {
            binding.PathPrefixes.Add(path);
        }

        return binding;
    }

    private static void AssertError(Action<GatewayOptions> change, string part)
        => Assert.Contains(Validate(change).Failures!, failure => failure.Contains(part, StringComparison.Ordinal));

    private static ValidateOptionsResult Validate(Action<GatewayOptions> change)
    {
        var options = new GatewayOptions();
        change(options);
        return new GatewayOptionsValidator(new MeshScope(Options.Create(new TrustDomainOptions { Name = "mesh.test" }))).Validate(null, options);
    }
}
