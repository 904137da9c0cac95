using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>An SVID in a file, looked at and judged.</summary>
internal static class SvidFile
{
    /// <summary>Reads the chain out of a PEM file or the <c>svid.pem</c> of a directory.</summary>
    public static (string Path, IReadOnlyList<ParsedCertificate> Chain) Read(string path)
    {
        var file = Directory.Exists(path) ? new SvidDirectory(path).Certificate : path;
        return PemBundle.TryRead(TextFile.Read(file, "the SVID"), out var chain, out var error)
            ? (file, chain)
            : throw CliException.Failed($"{file}: {error}");
    }

    /// <summary>Judges the chain by a bundle, and by the identity that it has to be if one is given.</summary>
    public static SvidReport Judge(IReadOnlyList<ParsedCertificate> chain, string bundlePath, TrustDomain? owner, string? expected, DateTimeOffset now)
    {
        owner ??= chain[0].UriNames is [var name] && SpiffeId.TryParse(name, out var own, out _) ? own.TrustDomain : null;
        var bundle = TrustBundleFile.Load(bundlePath, owner);
        var validation = X509SvidValidator.Validate(chain[0].Der, [.. chain.Skip(1).Select(certificate => certificate.Der)], bundle, now);
        var problem = !validation.IsValid ? $"{validation.Refusal}: {validation.Error}"
            : expected is not null && validation.Id.ToString() != expected ? $"it is {validation.Id}, not {expected}"
            : null;
        return SvidReport.Of(chain) with { Valid = problem is null, Problem = problem };
    }
}
