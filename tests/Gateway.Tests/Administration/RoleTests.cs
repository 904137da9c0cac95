using System.Net;
using System.Net.Http.Json;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Gateway.Tests.Administration;

public sealed class RoleTests
{
    private const string Reader = "/meshgrains/reader";
    private const string Registrar = "/meshgrains/registrar";
    private const string Rotator = "/meshgrains/rotator";
    private const string Admin = "/meshgrains/admin";
    private const string Nobody = "/meshgrains/nobody";

    // Who may do what; the local operator may do everything an admin may.
    private static readonly (string Method, string Path, object? Body, string[] Allowed)[] Matrix =
    [
        ("GET", "/v1/entries", null, [Reader, Registrar, Admin]),
        ("POST", "/v1/entries", new { spiffeId = "spiffe://mesh.test/ns/shop/sa/new" }, [Registrar, Admin]),
        ("GET", "/v1/entries/e1", null, [Reader, Registrar, Admin]),
        ("PUT", "/v1/entries/e1", new { spiffeId = "spiffe://mesh.test/ns/shop/sa/a" }, [Registrar, Admin]),
        ("DELETE", "/v1/entries/e1?reason=x", null, [Registrar, Admin]),
        ("GET", "/v1/templates", null, [Reader, Registrar, Admin]),
        ("POST", "/v1/templates", new { source = "prod", pattern = "spiffe://{trustDomain}/ns/shop/sa/{k8s.sa}" }, [Registrar, Admin]),
        ("DELETE", "/v1/templates/none?reason=x", null, [Registrar, Admin]),
        ("POST", "/v1/join-tokens", new { entryId = "e1" }, [Registrar, Admin]),
        ("GET", "/v1/authorities", null, [Reader, Rotator, Admin]),
        ("GET", "/v1/issuing-cas", null, [Reader, Rotator, Admin]),
        ("POST", "/v1/issuing-cas/ca1/taint", new { reason = "x" }, [Rotator, Admin]),
        ("GET", "/v1/jwt-authorities", null, [Reader, Rotator, Admin]),
        ("POST", "/v1/jwt-authorities/rotate", new { reason = "x" }, [Rotator, Admin]),
        ("POST", "/v1/jwt-authorities/k1/taint", new { reason = "x" }, [Rotator, Admin]),
        ("GET", "/v1/rotation", null, [Reader, Rotator, Admin]),
        ("POST", "/v1/rotation", new { reason = "x" }, [Rotator, Admin]),
        ("POST", "/v1/rotation/pause", new { reason = "x" }, [Rotator, Admin]),
        ("POST", "/v1/rotation/resume", new { reason = "x" }, [Rotator, Admin]),
        ("POST", "/v1/rotation/rollback", new { reason = "x" }, [Rotator, Admin]),
        ("POST", "/v1/rotation/force", new { reason = "x" }, [Rotator, Admin]),
        ("GET", "/v1/issuances", null, [Reader, Rotator, Admin]),
        ("GET", "/v1/issuances/verification", null, [Reader, Admin]),
        ("GET", "/v1/denials", null, [Reader, Rotator, Admin]),
        ("GET", "/v1/denials/1", null, [Reader, Rotator, Admin]),
        ("POST", "/v1/denials", new { spiffeId = "spiffe://mesh.test/ns/shop/sa/a", reason = "x" }, [Admin]),
        ("DELETE", "/v1/denials?spiffeId=spiffe://mesh.test/ns/shop/sa/a&reason=x", null, [Admin]),
        ("GET", "/v1/agents", null, [Reader, Rotator, Admin]),
        ("GET", "/v1/agents/node-1", null, [Reader, Rotator, Admin]),
        ("POST", "/v1/agents/node-1/evict", new { reason = "x" }, [Admin]),
        ("POST", "/v1/agents/node-1/ban", new { reason = "x" }, [Admin]),
        ("DELETE", "/v1/agents/node-1/ban?reason=x", null, [Admin]),
        ("GET", "/v1/trust", null, [Reader, Rotator, Admin]),
        ("GET", "/v1/clusters", null, [Reader, Rotator, Admin]),
        ("GET", "/v1/status", null, [Reader, Registrar, Rotator, Admin]),
    ];

    [Fact]
    public async Task Each_role_may_do_what_the_matrix_says_and_nothing_else()
    {
        await using var host = await StartAsync();
        foreach (var who in new[] { Reader, Registrar, Rotator, Admin, Nobody, "/ns/shop/sa/a" })
        {
            var client = host.Client(who);
            foreach (var (method, path, body, allowed) in Matrix)
            {
                var status = await StatusAsync(host, client, method, path, body);
                var refused = status is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized;
                Assert.True(refused != allowed.Contains(who), $"{who} {method} {path} answered {status}");
            }
        }
    }

    [Fact]
    public async Task The_local_operator_may_do_everything()
    {
        await using var host = await StartAsync();
        var client = host.AdminClient();
        foreach (var (method, path, body, _) in Matrix)
        {
            var status = await StatusAsync(host, client, method, path, body);
            Assert.False(status is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized, $"{method} {path} answered {status}");
        }
    }

    [Fact]
    public async Task Whatever_is_mapped_is_refused_without_credentials_except_what_is_public()
    {
        string[] open =
        [
            "GET /v1/bundle", "GET /v1/bundle.pem", "GET /openapi/v1.json", "GET /livez", "HEAD /livez", "GET /readyz", "HEAD /readyz",
        ];
        string[] openGrpc =
        [
            // These authenticate by themselves.
            "/istio.v1.auth.IstioCertificateService/CreateCertificate",
            "/meshgrains.agent.v1.NodeAgent/Attest", "/meshgrains.agent.v1.NodeAgent/AttestNode", "/meshgrains.agent.v1.NodeAgent/Issue", "/meshgrains.agent.v1.NodeAgent/IssueJwt", "/meshgrains.agent.v1.NodeAgent/Renew",
            "/meshgrains.agent.v1.NodeAgent/Sync",
            "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        ];
        await using var host = await StartAsync(app => app.MapGet("/forgotten", () => "secret"));
        var client = host.Client();
        var endpoints = host.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        Assert.True(endpoints.Count > 25, $"{endpoints.Count} endpoints");
        var served = new List<string>();
        foreach (var endpoint in endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<Access>() is not { IsGrpc: true }))
        {
            foreach (var method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"])
            {
                var path = endpoint.RoutePattern.RawText!.Replace("{id}", "e1", StringComparison.Ordinal).Replace("{number}", "1", StringComparison.Ordinal);
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                using var reply = await client.SendAsync(request);
                if (reply.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound))
                {
                    served.Add($"{method} {path}");
                }
            }
        }

        var grpc = endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<Access>() is { IsGrpc: true }).Select(endpoint => endpoint.RoutePattern.RawText!);
        Assert.Equal(openGrpc.Order(StringComparer.Ordinal), grpc.Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(open.Order(StringComparer.Ordinal), served.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_token_is_no_way_into_administration()
    {
        await using var host = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/entries");
        request.Headers.Add("authorization", "Bearer good");
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Client().SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task The_operations_listener_has_probes_and_metrics_and_nothing_else()
    {
        await using var host = await StartAsync();
        var client = host.OperationsClient();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/livez")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/v1/bundle")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/v1/entries")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsync("/v1/svids", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client().GetAsync("/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.AdminClient().GetAsync("/metrics")).StatusCode);
    }

    [Theory]
    [InlineData("/ns/shop/sa/x", true)]
    [InlineData("/ns/shop", true)]
    [InlineData("/ns/shopping/sa/x", false)]
    [InlineData("/ns/other/sa/x", false)]
    [InlineData("/meshgrains/admin", false)]
    public async Task Register_is_bound_to_its_paths(string path, bool allowed)
    {
        await using var host = await StartAsync();
        var reply = await host.Client(Registrar).PostAsJsonAsync("/v1/entries", new { spiffeId = "spiffe://mesh.test" + path });
        Assert.Equal(allowed ? HttpStatusCode.Created : HttpStatusCode.Forbidden, reply.StatusCode);
    }

    [Fact]
    public async Task Register_everywhere_still_does_not_reach_the_reserved_path()
    {
        await using var host = await StartAsync();
        var client = host.Client("/meshgrains/everywhere");
        Assert.Equal(HttpStatusCode.Created, (await client.PostAsJsonAsync("/v1/entries", new { spiffeId = "spiffe://mesh.test/any" })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsJsonAsync("/v1/entries", new { spiffeId = "spiffe://mesh.test/meshgrains/x" })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsJsonAsync("/v1/join-tokens", new { entryId = "reserved" })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.DeleteAsync("/v1/entries/reserved?reason=x")).StatusCode);
    }

    [Theory]
    [InlineData("spiffe://{trustDomain}/ns/shop/sa/{k8s.sa}", HttpStatusCode.Created)]
    [InlineData("spiffe://mesh.test/ns/shop/{k8s.sa}", HttpStatusCode.Created)]
    [InlineData("spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}", HttpStatusCode.Forbidden)]
    [InlineData("spiffe://{trustDomain}/{k8s.ns}/shop", HttpStatusCode.BadRequest)]
    [InlineData("spiffe://{trustDomain}/meshgrains/{k8s.ns}", HttpStatusCode.BadRequest)]
    [InlineData("spiffe://other.test/ns/shop/{k8s.sa}", HttpStatusCode.BadRequest)]
    public async Task Templates_are_bound_by_what_is_certain_about_them(string pattern, HttpStatusCode expected)
    {
        await using var host = await StartAsync();
        var reply = await host.Client(Registrar).PostAsJsonAsync("/v1/templates", new { source = "prod", pattern });
        Assert.Equal(expected, reply.StatusCode);
    }

    [Fact]
    public async Task Not_even_an_admin_makes_a_template_into_the_reserved_path()
    {
        await using var host = await StartAsync();
        foreach (var pattern in new[] { "spiffe://{trustDomain}/meshgrains/{k8s.sa}", "spiffe://{trustDomain}/{k8s.ns}/{k8s.sa}" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await host.AdminClient().PostAsJsonAsync("/v1/templates", new { source = "prod", pattern })).StatusCode);
        }
    }

    [Fact]
    public async Task What_is_dangerous_needs_a_reason_and_is_audited_with_it()
    {
        await using var host = await StartAsync();
        var client = host.Client(Admin);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.DeleteAsync("/v1/entries/e1")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.DeleteAsync("/v1/entries/e1?reason=%20")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsJsonAsync("/v1/issuing-cas/ca1/taint", new { reason = "" })).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsJsonAsync("/v1/issuing-cas/ca1/taint", new { reason = new string('x', 1025) })).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsJsonAsync("/v1/issuing-cas/ca1/taint", new { reason = "two\nlines" })).StatusCode);
        Assert.Equal(
            HttpStatusCode.BadRequest, (await client.PostAsJsonAsync("/v1/denials", new { spiffeId = "spiffe://mesh.test/a", reason = " " })).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.DeleteAsync("/v1/denials?spiffeId=spiffe://mesh.test/a")).StatusCode);
        Assert.Empty(host.Grains.Calls);

        var reply = await client.DeleteAsync("/v1/entries/e1?reason=left+the+company");
        Assert.Equal(HttpStatusCode.NoContent, reply.StatusCode);
        var id = reply.Headers.GetValues("mesh-request-id").Single();
        Assert.Contains(host.Logs.Lines, line => line.StartsWith("MeshGrains.Audit: spiffe://mesh.test/meshgrains/admin did delete entry on e1", StringComparison.Ordinal)
            && line.Contains("left the company", StringComparison.Ordinal) && line.Contains(id, StringComparison.Ordinal));
        Assert.Contains(host.Grains.Calls, call => call.Contains($"DeleteEntryAsync(e1, left the company, spiffe://mesh.test{Admin}, {id})", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_denied_operator_loses_every_role_on_connections_that_stand()
    {
        await using var host = await StartAsync();
        var client = host.Client(Admin);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v1/entries")).StatusCode);
        var seen = host.Denials.Seen.Last();
        Assert.Equal(("spiffe://mesh.test" + Admin, host.Issuance.Ca.Snapshot.AuthorityId), (seen.SpiffeId, seen.IssuerAuthorityId));

        host.Denials.Answer = new Refusal(RefusalCode.PermissionDenied, "quarantined", "No.");
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/v1/entries")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.AdminClient().GetAsync("/v1/entries")).StatusCode);
    }

    [Fact]
    public async Task Refusals_of_administration_are_audited()
    {
        await using var host = await StartAsync();
        await host.Client(Nobody).GetAsync("/v1/entries");
        Assert.Contains(host.Logs.Lines, line => line.StartsWith($"MeshGrains.Audit: spiffe://mesh.test{Nobody} was refused GET /v1/entries", StringComparison.Ordinal));
    }

    private static async Task<HttpStatusCode> StatusAsync(GatewayHost host, HttpClient client, string method, string path, object? body)
    {
        host.Registrations.Entries.Clear();
        host.Registrations.Templates.Clear();
        host.Registrations.Add("e1", "/ns/shop/sa/a");
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
        using var reply = await client.SendAsync(request);
        return reply.StatusCode;
    }

    private static Task<GatewayHost> StartAsync(Action<WebApplication>? map = null)
        => GatewayHost.StartAsync(
            options =>
            {
                Bind(options, Reader, OperatorRole.Read);
                Bind(options, Registrar, OperatorRole.Register, "/ns/shop");
                Bind(options, "/meshgrains/everywhere", OperatorRole.Register, "/");
                Bind(options, Rotator, OperatorRole.Rotate);
                Bind(options, Admin, OperatorRole.Admin);
            },
            host =>
            {
                host.Registrations.Add("e1", "/ns/shop/sa/a");
                host.Registrations.Add("reserved", "/meshgrains/x");
            },
            map);

    private static void Bind(GatewayOptions options, string path, OperatorRole role, params string[] prefixes)
    {
        var binding = new RoleBindingOptions { SpiffeId = "spiffe://mesh.test" + path, Roles = { role } };
        foreach (var prefix in prefixes)
        {
            binding.PathPrefixes.Add(prefix);
        }

        options.Roles.Add(binding);
    }
}
