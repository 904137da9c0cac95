using System.IO.Compression;
using System.Text;

namespace MeshGrains.Bench;

/// <summary>One lie of a bundle endpoint that was honest before, with <see cref="HonestSequence"/>.</summary>
/// <param name="Name">In words with '-'.</param>
/// <param name="Spiffe">The relationship is <c>https_spiffe</c>.</param>
/// <param name="Tell">Makes the endpoint lie.</param>
/// <param name="IsDocument">All is well but for what the document says.</param>
internal sealed record FederationLie(string Name, bool Spiffe, Action<FederationPeer, PeerEndpoint> Tell, bool IsDocument = false)
{
    public const ulong HonestSequence = 10;

    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

    /// <summary>What comes behind <see cref="HonestSequence"/>, and would be taken were it not a lie.</summary>
    private const ulong Next = HonestSequence + 1;

    public static IReadOnlyList<FederationLie> All { get; } =
    [
        Document("older-sequence", peer => peer.Bundle(HonestSequence - 1, Own(peer))),
        Document("same-sequence-other-keys", peer => peer.Bundle(HonestSequence, Own(peer))),
        Document("no-sequence", peer => peer.Bundle(null, Own(peer))),
        Document("garbage", _ => Encoding.UTF8.GetBytes("<html><body>It works!</body></html>")),
        Document("empty-body", _ => []),
        Document("cut-json", peer => peer.Bundle(Next, Own(peer))[..200]),
        Document("deep-json", _ => Encoding.ASCII.GetBytes($"{{\"keys\":{new string('[', 100_000)}")),
        Document("no-keys-member", _ => Encoding.ASCII.GetBytes($"{{\"spiffe_sequence\":{Next}}}")),
        Document("keys-twice", peer => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(peer.Bundle(Next, Own(peer))).Replace("{\"keys\"", "{\"keys\":[],\"keys\"", StringComparison.Ordinal))),
        Document("one-kid-two-keys", _ => Encoding.UTF8.GetBytes($"{{\"keys\":[{FederationPeer.JwtKey("a")},{FederationPeer.JwtKey("a")}],\"spiffe_sequence\":{Next}}}")),
        Document("other-domains-root", peer => peer.Bundle(Next, peer.Root, FederationPeer.OtherRoot("spiffe://bank.example"))),
        Document("other-domains-root-alone", peer => peer.Bundle(Next, FederationPeer.OtherRoot($"spiffe://{peer.TrustDomain}.evil.example"))),
        Document("our-own-domains-root", peer => peer.Bundle(Next, FederationPeer.OtherRoot("spiffe://bench.example"))),
        Document("expired-roots", peer => peer.Bundle(Next, FederationPeer.OtherRoot($"spiffe://{peer.TrustDomain}", TimeSpan.FromDays(-9), TimeSpan.FromDays(-2)))),
        Document("roots-not-yet-valid", peer => peer.Bundle(Next, FederationPeer.OtherRoot($"spiffe://{peer.TrustDomain}", TimeSpan.FromDays(2)))),
        Bytes("truncated", peer => PeerEndpoint.Raw(Ok, peer.Bundle(Next, Own(peer))[..100], 4000)),
        Bytes("a-gigabyte-declared", peer => PeerEndpoint.Raw(Ok, peer.Bundle(Next, Own(peer)), 1L << 30)),
        Bytes("a-gigabyte-streamed", _ => PeerEndpoint.EndlessAsync),
        Bytes("slow-body", _ => PeerEndpoint.Slow(Ok + "Content-Length: 100000\r\n\r\n")),
        Bytes("slow-headers", _ => PeerEndpoint.Slow("HTTP/1.1 200 OK\r\nX-Slow:")),
        Bytes("huge-headers", peer => PeerEndpoint.Raw(Ok + $"X-Long: {new string('a', 1 << 20)}\r\n", peer.Bundle(Next, Own(peer)))),
        Bytes("gzip-bomb", _ => PeerEndpoint.Raw(Ok + "Content-Encoding: gzip\r\n", Zipped())),
        Bytes("error-status", peer => PeerEndpoint.Raw("HTTP/1.1 500 Oops\r\n", peer.Bundle(Next, Own(peer)))),
        Bytes("not-http", _ => (stream, cancel) => stream.WriteAsync("SSH-2.0-OpenSSH_9.6\r\n"u8.ToArray(), cancel).AsTask()),
        new("redirect-loop", false, (_, endpoint) => endpoint.Answer = PeerEndpoint.Redirect(() => endpoint.Url)),
        Bytes("redirect-to-http", _ => PeerEndpoint.Redirect(() => "http://localhost:1/")),
        Bytes("redirect-to-metadata", _ => PeerEndpoint.Redirect(() => "https://169.254.169.254/latest/meta-data/")),
        Bytes("redirect-with-password", _ => PeerEndpoint.Redirect(() => "https://a:b@localhost:1/")),
        Bytes("redirect-to-file", _ => PeerEndpoint.Redirect(() => "file:///etc/passwd")),
        new("wrong-endpoint-identity", true, (peer, endpoint) => Lie(endpoint, peer, peer.Certificate($"spiffe://{peer.TrustDomain}/other"))),
        new("endpoint-of-another-root", true, (peer, endpoint) =>
        {
            // Not disposed: its key serves on.
            Lie(endpoint, peer, new FederationPeer(peer.TrustDomain).Certificate());
        }),
        new("other-domains-endpoint", true, (peer, endpoint) => Lie(endpoint, peer, peer.Certificate("spiffe://bank.example/endpoint"))),
        new("web-certificate-of-nobody", false, (peer, endpoint) =>
        {
            // Not disposed: its key serves on.
            Lie(endpoint, peer, new FederationPeer(peer.TrustDomain).Certificate());
        }),
    ];

    private static byte[] Own(FederationPeer peer) => FederationPeer.OtherRoot($"spiffe://{peer.TrustDomain}");

    private static FederationLie Document(string name, Func<FederationPeer, byte[]> body) => new(name, false, (peer, endpoint) => endpoint.Answer = PeerEndpoint.Json(body(peer)), true);

    private static FederationLie Bytes(string name, Func<FederationPeer, Func<Stream, CancellationToken, Task>> answer) =>
        new(name, false, (peer, endpoint) => endpoint.Answer = answer(peer));

    private static void Lie(PeerEndpoint endpoint, FederationPeer peer, System.Net.Security.SslStreamCertificateContext certificate)
    {
        endpoint.Certificate = certificate;
        endpoint.Answer = PeerEndpoint.Json(peer.Bundle(Next, Own(peer)));
    }

    private static byte[] Zipped()
    {
        using var buffer = new MemoryStream();
        using (var zip = new GZipStream(buffer, CompressionLevel.SmallestSize))
        {
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 256; i++)
            {
                zip.Write(zeros);
            }
        }

        return buffer.ToArray();
    }
}
