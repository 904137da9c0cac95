using System.Net;
using System.Net.Sockets;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Tests.Serving;

public sealed class LineBudgetTests
{
    [Fact]
    public void So_many_lines_pass_each_second_and_the_rest_is_counted()
    {
        var time = new FakeTimeProvider();
        var lines = new LineBudget(time, 3);
        Assert.Equal([true, true, true, false, false], Enumerable.Range(0, 5).Select(one => one >= 0 && lines.MayTell(out _)));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(lines.MayTell(out var suppressed));
        Assert.Equal(2, suppressed);
        Assert.True(lines.MayTell(out suppressed));
        Assert.Equal(0, suppressed);
    }

    [Fact]
    public void A_strangers_flood_hides_neither_its_size_nor_the_refusal_of_a_known_identity()
    {
        var time = new FakeTimeProvider();
        using var logs = new RecordedLogs();
        using var factory = LoggerFactory.Create(builder => builder.AddProvider(logs));
        var operators = new OperatorAuthorizer(Options.Create(new GatewayOptions()), Options.Create(new RelayOptions()), new FakeDenials(), time, factory);
        var refusal = new Refusal(RefusalCode.Unauthenticated, "operator_unknown", "No.");
        var (stranger, known) = (Request(null, time), Request("spiffe://mesh.test/ns/shop/sa/cart", time));
        for (var i = 0; i < 1000; i++)
        {
            operators.LogRefusal(stranger, refusal);
        }

        Assert.Equal(OperatorAuthorizer.RefusalLinesPerSecond, logs.Lines.Count);
        operators.LogRefusal(known, refusal);
        Assert.Contains(logs.Lines, line => line.Contains("spiffe://mesh.test/ns/shop/sa/cart was refused", StringComparison.Ordinal));
        time.Advance(TimeSpan.FromSeconds(1));
        operators.LogRefusal(stranger, refusal);
        Assert.Contains(logs.Lines, line => line.Contains("980 more refusals of administration", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Refused_handshakes_are_told_in_few_lines()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Issuance.HasCa = false);
        const int handshakes = ServingTls.RefusalLinesPerSecond * 5;
        var started = host.App.Services.GetService(typeof(TimeProvider)) as TimeProvider;
        var from = started!.GetTimestamp();
        for (var i = 0; i < handshakes; i++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, host.Port);
            await using var tls = new System.Net.Security.SslStream(client.GetStream());
            await Assert.ThrowsAnyAsync<IOException>(() => tls.AuthenticateAsClientAsync(host.Tls(null)));
        }

        var seconds = (int)started.GetElapsedTime(from).TotalSeconds + 2;
        var told = host.Logs.Lines.Count(line => line.Contains("the gateway has no certificate yet", StringComparison.Ordinal) && line.Contains("Handshake of", StringComparison.Ordinal));
        Assert.InRange(told, 1, Math.Min(handshakes, seconds * ServingTls.RefusalLinesPerSecond));
    }

    private static DefaultHttpContext Request(string? spiffeId, FakeTimeProvider time)
    {
        var http = new DefaultHttpContext();
        http.Features.Set(new ConnectionOrigin(ListenerKinds.Mesh)
        {
            ClientChain = spiffeId is null ? null : new ParsedClientChain(spiffeId, "01", time.GetUtcNow().AddHours(1)),
        });
        return http;
    }
}
