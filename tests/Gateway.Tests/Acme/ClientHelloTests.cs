using System.Buffers;
using System.Net.Security;
using System.Security.Cryptography;
using MeshGrains.Gateway.Acme;

namespace MeshGrains.Gateway.Tests.Acme;

public sealed class ClientHelloTests
{
    private static readonly byte[] Wanted = "acme-tls/1"u8.ToArray();

    [Fact]
    public async Task The_protocol_is_found_in_a_real_hello_and_in_no_other()
    {
        Assert.True(Offers(await HelloAsync("acme-tls/1")));
        Assert.True(Offers(await HelloAsync("http/1.1", "acme-tls/1")));
        Assert.False(Offers(await HelloAsync("http/1.1", "acme-tls/12", "h2")));
        Assert.False(Offers(await HelloAsync()));
        Assert.False(Offers("GET / HTTP/1.1\r\n"u8.ToArray()));
    }

    [Fact]
    public async Task A_part_of_one_leaves_it_open_and_damage_breaks_nothing()
    {
        var hello = await HelloAsync("acme-tls/1");
        for (var length = 0; length < hello.Length; length++)
        {
            Assert.Null(Offers(hello[..length]));
        }

        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            byte[] damaged = [.. hello];
            for (var j = 0; j < 1 + (i % 4); j++)
            {
                damaged[random.Next(5, damaged.Length)] = (byte)random.Next(256);
            }

            Assert.NotNull(Offers(damaged));
        }
    }

    [Fact]
    public void The_answer_bears_the_hash_of_the_key_authorization_in_a_critical_extension()
    {
        var extension = TlsAlpnCertificate.Identifier("token.thumbprint");
        Assert.True(extension.Critical);
        Assert.Equal(["04", "20"], [.. extension.RawData[..2].Select(b => b.ToString("x2", null))]);
        Assert.Equal(SHA256.HashData("token.thumbprint"u8), extension.RawData[2..]);
        var shown = TlsAlpnCertificate.Make(new AcmeAnswer("mesh.test", "token", "token.thumbprint"), TimeProvider.System.GetUtcNow()).TargetCertificate;
        Assert.True(shown.MatchesHostname("mesh.test", allowCommonName: false));
        Assert.Contains(shown.Extensions, one => one.Oid!.Value == "1.3.6.1.5.5.7.1.31" && one.Critical);
    }

    private static bool? Offers(byte[] bytes) => ClientHello.Offers(new ReadOnlySequence<byte>(bytes), Wanted);

    private static async Task<byte[]> HelloAsync(params string[] protocols)
    {
        using var wire = new OneWay();
        await using var tls = new SslStream(wire);
        await Assert.ThrowsAnyAsync<IOException>(() => tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "mesh.test", ApplicationProtocols = protocols.Length == 0 ? null : [.. protocols.Select(name => new SslApplicationProtocol(name))],
        }));
        return wire.Sent.ToArray();
    }

    /// <summary>Keeps what is written, and answers nothing.</summary>
    private sealed class OneWay : MemoryStream
    {
        public MemoryStream Sent { get; } = new();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(0);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Sent.Write(buffer.Span);
            return ValueTask.CompletedTask;
        }
    }
}
