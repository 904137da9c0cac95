using System.Diagnostics;
using System.Net;
using MeshGrains.Bench;
using MeshGrains.Gateway.Federation;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Tests.Federation;

/// <summary>The fetcher against real endpoints in this process, honest ones and liars.</summary>
public sealed class BundleFetcherTests : IDisposable
{
    private readonly FederationOptions _options = new() { FetchTimeout = TimeSpan.FromSeconds(20) };
    private readonly FederationPeer _peer = new("peer.example");
    private readonly BundleFetcher _fetcher;

    public BundleFetcherTests() => _fetcher = new BundleFetcher(Options.Create(_options), TimeProvider.System);

    public void Dispose()
    {
        _fetcher.Dispose();
        _peer.Dispose();
    }

    public static TheoryData<string> Lies => [.. FederationLie.All.Where(lie => !lie.IsDocument).Select(lie => lie.Name)];

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_lie_on_the_way_gives_no_document(string name)
    {
        var lie = FederationLie.All.Single(one => one.Name == name);
        _options.FetchTimeout = TimeSpan.FromSeconds(name.StartsWith("slow", StringComparison.Ordinal) ? 1 : 20);
        await using var endpoint = new PeerEndpoint(_peer.Certificate(), PeerEndpoint.Json(_peer.Bundle(1)));
        lie.Tell(_peer, endpoint);

        var answer = await AskAsync(endpoint, lie.Spiffe);

        Assert.Null(answer.Body);
        Assert.NotEqual("", answer.Reason);
        Assert.NotEqual("fetch_failed", answer.Reason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_honest_endpoint_is_heard_by_either_profile(bool spiffe)
    {
        var bundle = _peer.Bundle(1);
        await using var endpoint = new PeerEndpoint(_peer.Certificate(), PeerEndpoint.Json(bundle));

        var answer = await AskAsync(endpoint, spiffe);
        Assert.True(bundle.AsSpan().SequenceEqual(answer.Body), answer.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_redirect_is_followed_to_what_proves_itself_as_the_endpoint_does(bool spiffe)
    {
        var bundle = _peer.Bundle(1);
        await using var target = new PeerEndpoint(_peer.Certificate(), PeerEndpoint.Json(bundle));
        await using var endpoint = new PeerEndpoint(_peer.Certificate(), PeerEndpoint.Redirect(() => target.Url));
        Assert.Equal(bundle, (await AskAsync(endpoint, spiffe)).Body);

        using var other = new FederationPeer("peer.example");
        target.Certificate = other.Certificate();
        Assert.Equal("endpoint_identity", (await AskAsync(endpoint, spiffe)).Reason);
    }

    [Fact]
    public async Task A_document_at_the_bound_is_read_and_one_byte_more_is_not()
    {
        _options.MaxBundleBytes = 100_000;
        await using var endpoint = new PeerEndpoint(_peer.Certificate(), PeerEndpoint.Json(new byte[100_000]));
        Assert.Equal(100_000, (await AskAsync(endpoint, false)).Body!.Length);

        endpoint.Answer = PeerEndpoint.Json(new byte[100_001]);
        Assert.Equal("too_large", (await AskAsync(endpoint, false)).Reason);
    }

    [Fact]
    public async Task Many_slow_peers_with_long_answers_do_not_hold_up_an_honest_one()
    {
        await using var slow = new PeerEndpoint(_peer.Certificate(), async (stream, cancel) =>
        {
            // Past what is free for all, so that it takes one of the places for long answers.
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n\r\n" + new string(' ', 100_000)), cancel);
            await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
        });
        await using var honest = new PeerEndpoint(_peer.Certificate(), PeerEndpoint.Json(_peer.Bundle(1)));
        var hanging = Enumerable.Range(0, 24).Select(_ => AskAsync(slow, false)).ToList();
        var patience = Stopwatch.StartNew();
        while (slow.Questions < 24)
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(60), "the slow ones were never asked");
            await Task.Delay(10);
        }

        Assert.NotNull((await AskAsync(honest, false)).Body);
        Assert.Contains(hanging, one => !one.IsCompleted);
    }

    [Theory]
    [InlineData("169.254.169.254", "10.0.0.1", false)]
    [InlineData("::ffff:169.254.169.254", null, false)]
    [InlineData("fe80::1", null, false)]
    [InlineData("0.0.0.0", null, false)]
    [InlineData("224.0.0.1", null, false)]
    [InlineData("168.63.129.16", null, false)]
    [InlineData("10.1.2.3", null, true)]
    [InlineData("127.0.0.1", null, true)]
    [InlineData("10.1.2.3", "192.0.2.7", false)]
    [InlineData("127.0.0.1", "192.0.2.7", false)]
    [InlineData("fd00::1", "192.0.2.7", false)]
    [InlineData("100.64.0.1", "192.0.2.7", false)]
    [InlineData("10.1.2.3", "172.16.0.1", true)]
    [InlineData("192.0.2.8", "192.0.2.7", true)]
    public void A_public_endpoint_redirects_into_no_private_network_and_none_to_a_machines_metadata(string address, string? from, bool may) =>
        Assert.Equal(may, AddressGuard.Check(IPAddress.Parse(address), from is null ? null : IPAddress.Parse(from)) is null);

    private Task<BundleAnswer> AskAsync(PeerEndpoint endpoint, bool spiffe)
    {
        var domain = TrustDomain.Parse(_peer.TrustDomain);
        return _fetcher.FetchAsync(
            spiffe
                ? new BundleQuestion(
                    new Uri(endpoint.Url), BundleEndpointProfile.Spiffe, SpiffeId.Parse(_peer.EndpointId), new SpiffeBundle(domain).WithX509Authorities([_peer.Root]), null)
                : new BundleQuestion(new Uri(endpoint.Url), BundleEndpointProfile.Web, null, null, _peer.RootPem),
            CancellationToken.None);
    }
}
