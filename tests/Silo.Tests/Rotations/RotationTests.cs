using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>A root gives way under a client that never stops, with lives of seconds.</summary>
public sealed class RotationTests
{
    private static readonly string[] Brisk =
    [
        "denials.lease=3s", "ca.allowShortLives=true", "ca.issuingCaTtl=100s", "ca.issuingCaBudgetPerHour=100", "ca.bundleRefreshHint=1s",
        "svid.defaultTtl=4s", "svid.maxTtl=20s", "svid.clockSkew=1s", "rotation.lookEvery=200ms", "rotation.hold=0s", "rotation.outsideLag=1s",
    ];

    [Fact]
    public async Task No_certificate_is_refused_by_the_bundle_of_its_moment_while_the_root_gives_way_and_the_gateway_changes_last()
    {
        using var folder = new TempDirectory();
        using var tokens = new KubernetesTokens();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"), tokens, Brisk);
        var token = tokens.Create("shop", "cart");
        var before = Bundle(silo);
        using var enough = new CancellationTokenSource();
        var refused = new ConcurrentBag<string>();
        var issued = 0;
        var client = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                try
                {
                    var (status, body, svid) = await silo.FetchAsync(token);
                    if (status != HttpStatusCode.OK)
                    {
                        refused.Add(body.ToJsonString());
                        continue;
                    }

                    issued++;
                    var chain = svid!.IntermediateCertificates.Select(one => (ReadOnlyMemory<byte>)one.RawData).ToList();
                    foreach (var bundle in new[] { Bundle(silo), Delivered(body) })
                    {
                        var validation = X509SvidValidator.Validate(svid.TargetCertificate.RawData, chain, bundle, DateTimeOffset.UtcNow);
                        if (!validation.IsValid)
                        {
                            refused.Add($"{validation.Error} (bundle {bundle.Sequence})");
                        }
                    }
                }
                catch (Exception broken)
                {
                    refused.Add(broken.Message);
                    await Task.Delay(50);
                }
            }
        });

        await silo.PostAsync("/v1/rotation", new { reason = "a test" });
        var servedByFormer = new Dictionary<string, bool>();
        var phases = new List<string>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        JsonNode status;
        while (true)
        {
            status = await silo.GetAsync("/v1/rotation").WaitAsync(TimeSpan.FromSeconds(30));
            var phase = (string)status["rotation"]!["phase"]!;
            if (!phases.Contains(phase))
            {
                phases.Add(phase);
            }

            if (phase == "done")
            {
                break;
            }

            servedByFormer[phase] = await IsTrustedByAsync(silo, before);
            Assert.False(patience.IsCancellationRequested, status.ToJsonString());
            await Task.Delay(50);
        }

        // A certificate from after the end is told apart from one of before.
        var goal = issued + 5;
        while (issued < goal && refused.IsEmpty)
        {
            Assert.False(patience.IsCancellationRequested, "no more certificates came");
            await Task.Delay(20);
        }

        await enough.CancelAsync();
        await client;
        Assert.Empty(refused);
        Assert.True(servedByFormer.GetValueOrDefault("distribute") && servedByFormer.GetValueOrDefault("drain"), string.Join(' ', servedByFormer));
        Assert.False(await IsTrustedByAsync(silo, before));
        var now = Bundle(silo);
        Assert.Equal((string?)status["rotation"]!["stayingRoot"], Assert.Single(now.X509Authorities).AuthorityId);
        Assert.NotEqual(before.X509Authorities[0].AuthorityId, now.X509Authorities[0].AuthorityId);
        Assert.True(phases.Contains("distribute") && phases.Contains("drain"), string.Join(' ', phases));
    }

    /// <summary>What a client that holds this bundle says of the gateway.</summary>
    private static async Task<bool> IsTrustedByAsync(RunningSilo silo, SpiffeBundle bundle)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, silo.Gateway.Port);
        var trusted = false;
        await using var tls = new SslStream(tcp.GetStream(), false, (_, certificate, chain, _) =>
        {
            var intermediates = chain!.ChainPolicy.ExtraStore.Select(extra => (ReadOnlyMemory<byte>)extra.RawData).ToList();
            trusted = X509SvidValidator.Validate(certificate!.GetRawCertData(), intermediates, bundle, DateTimeOffset.UtcNow).IsValid;
            return true;
        });
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, patience.Token);
        return trusted;
    }

    private static SpiffeBundle Bundle(RunningSilo silo) => Read(File.ReadAllBytes(Path.Combine(silo.Data, "bundle.json")));

    private static SpiffeBundle Delivered(JsonNode body) =>
        PemBundle.TryRead((string)body["bundle"]!, out var roots, out var error)
            ? new SpiffeBundle(TrustDomain.Parse(SiloClient.TrustDomain)).WithX509Authorities(roots.Select(root => root.Der))
            : throw new InvalidOperationException(error);

    private static SpiffeBundle Read(byte[] json) =>
        SpiffeBundle.TryRead(json, TrustDomain.Parse(SiloClient.TrustDomain), out var bundle, out var error) ? bundle : throw new InvalidOperationException(error);
}
