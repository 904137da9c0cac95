using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>Trust bundles in files: PEM, or SPIFFE's JWK Set. Neither says whose roots they are; the roots' own names do.</summary>
internal static class TrustBundleFile
{
    /// <param name="path">The file.</param>
    /// <param name="fallback">Whose roots they are where they do not say it themselves.</param>
    /// <exception cref="CliException">It is no trust bundle, or of several trust domains, or of one that cannot be told.</exception>
    public static SpiffeBundle Load(string path, TrustDomain? fallback = null) => Parse(TextFile.Read(path, "the trust bundle"), path, fallback);

    /// <inheritdoc cref="Load"/>
    public static SpiffeBundle Parse(string text, string source, TrustDomain? fallback = null)
    {
        var isJson = text.AsSpan().TrimStart().StartsWith("{");
        var roots = isJson ? RootsOfJwks(text, source) : RootsOfPem(text, source);
        var trustDomain = OwnerOf(roots, source) ?? fallback
            ?? throw CliException.Failed($"The roots in {source} do not name their trust domain; name it with --trust-domain.");
        if (isJson)
        {
            return SpiffeBundle.TryRead(Encoding.UTF8.GetBytes(text), trustDomain, out var bundle, out var error)
                ? bundle
                : throw CliException.Failed($"{source}: {error}");
        }

        return new SpiffeBundle(trustDomain).WithX509Authorities(roots.Select(root => root.Der));
    }

    private static IReadOnlyList<ParsedCertificate> RootsOfPem(string text, string source)
        => PemBundle.TryRead(text, out var certificates, out var error) ? certificates : throw CliException.Failed($"{source}: {error}");

    private static IReadOnlyList<ParsedCertificate> RootsOfJwks(string text, string source)
        => SpiffeBundle.TryRead(Encoding.UTF8.GetBytes(text), TrustDomain.Parse("unknown"), out var bundle, out var error)
            ? bundle.X509Authorities
            : throw CliException.Failed($"{source}: {error}");

    /// <summary>The one trust domain that the roots name; null when none does.</summary>
    private static TrustDomain? OwnerOf(IReadOnlyList<ParsedCertificate> roots, string source)
    {
        var named = roots.SelectMany(root => root.UriNames)
            .Select(name => SpiffeId.TryParse(name, out var id, out _) ? id.TrustDomain : null).OfType<TrustDomain>().Distinct().ToList();
        return named.Count <= 1
            ? named.FirstOrDefault()
            : throw CliException.Failed($"{source} mixes roots of {string.Join(" and ", named)}; a bundle holds those of one trust domain.");
    }
}
