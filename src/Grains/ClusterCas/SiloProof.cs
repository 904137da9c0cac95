using System.Buffers;
using System.Globalization;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>Checks that a silo's words are that silo's own: by its bootstrap certificate, its signature, and their date.</summary>
internal sealed class SiloProof(Func<SpiffeBundle> anchors, string trustDomain, TimeSpan clockSkew, TimeProvider time)
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    private static readonly SearchValues<char> EndpointCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_[]:%");

    /// <returns>Why they are not, in words that complete "is refused: …"; null when they are.</returns>
    public string? Refusal(string silo, DateTimeOffset requestedAt, byte[][] chain, ReadOnlySpan<byte> statement, byte[] signature)
    {
        var now = time.GetUtcNow();
        if ((now - requestedAt).Duration() > MaxAge)
        {
            return $"the request is dated {requestedAt:u}, this clock says {now:u}; set the silo's clock";
        }

        if (chain.Length is 0 or > 4)
        {
            return "it carries no bootstrap certificate";
        }

        var validation = X509SvidValidator.Validate(
            chain[0], [.. chain.Skip(1).Select(der => (ReadOnlyMemory<byte>)der)], anchors(), now, new X509SvidValidationOptions { ClockSkew = clockSkew });
        if (!validation.IsValid)
        {
            return $"its bootstrap certificate is not acceptable: {validation.Error}";
        }

        if (!BootstrapNames.TryRead(validation.Id, trustDomain, out _, out var named) || named != silo)
        {
            return $"its bootstrap certificate names {validation.Id}, not silo '{silo}'";
        }

        return SignatureVerifier.Verify(ParsedCertificate.Read(chain[0]).PublicKey, SignatureAlgorithm.EcdsaSha256, statement, signature)
            ? null
            : "its signature does not fit its bootstrap certificate";
    }

    public static bool IsWord(string? text) =>
        text is { Length: > 0 and <= 64 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>A host name, an IPv4 address or an IPv6 address in brackets, and a port; or nothing.</summary>
    public static bool IsEndpoint(string? text) => text is { Length: 0 }
        || (text is { Length: <= 262 } && text.LastIndexOf(':') is > 0 and var colon
            && text.AsSpan(0, colon).IndexOfAnyExcept(EndpointCharacters) < 0
            && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0);
}
