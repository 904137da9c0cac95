using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>What is told of an SVID. Valid is null where nothing was at hand to judge it with.</summary>
internal sealed record SvidReport(
    string SpiffeId, string Serial, string IssuerAuthorityId, string KeyType, DateTimeOffset NotBefore, DateTimeOffset NotAfter, DateTimeOffset? RenewAt,
    IReadOnlyList<string> DnsNames, int ChainLength, bool? Valid, string? Problem, IReadOnlyList<string>? Files, string? RequestId)
{
    /// <param name="chain">The leaf, then its chain.</param>
    /// <param name="now">The instant that half of the remaining life counts from, for a new SVID; null for one that was found.</param>
    public static SvidReport Of(IReadOnlyList<ParsedCertificate> chain, DateTimeOffset? now = null)
    {
        var leaf = chain[0];
        return new SvidReport(
            string.Join(", ", leaf.UriNames), leaf.SerialHex, Convert.ToHexStringLower(leaf.AuthorityKeyIdentifier.Span), KeyTypeOf(leaf), leaf.NotBefore,
            leaf.NotAfter, now is { } start ? Validity.WholeSeconds(start + ((leaf.NotAfter - start) / 2)) : null, leaf.DnsNames, chain.Count, null, null, null, null);
    }

    public void Print(Printer printer, DateTimeOffset now)
    {
        if (printer.IsJson)
        {
            printer.Json(this, ApiJson.Default.SvidReport);
            return;
        }

        printer.Facts(
            ("identity", SpiffeId),
            ("serial", Serial),
            ("issuer", IssuerAuthorityId),
            ("key", KeyType),
            ("valid", $"{Printable.Of(NotBefore)} to {Printable.Of(NotAfter)}{(NotAfter > now ? $", {Durations.Format(NotAfter - now)} left" : ", expired")}"),
            ("renew at", Printable.Of(RenewAt)),
            ("dns names", Printable.Of(DnsNames)),
            ("chain", $"{ChainLength} certificate{(ChainLength == 1 ? "" : "s")}"),
            ("verdict", Valid switch { true => "valid against the trust bundle", false => $"NOT VALID: {Problem}", null => Problem }),
            ("files", Files is null ? null : Printable.Of(Files)));
    }

    private static string KeyTypeOf(ParsedCertificate leaf) => leaf.KeyKind switch
    {
        KeyKind.P256 => "P-256",
        KeyKind.P384 => "P-384",
        KeyKind.P521 => "P-521",
        KeyKind.Rsa => $"RSA {leaf.PublicKey.SizeBits}",
        var other => other.ToString(),
    };
}
