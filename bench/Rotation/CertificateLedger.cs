using System.Collections.Concurrent;
using MeshGrains.Identity;
using MeshGrains.Rpc.Istio;

namespace MeshGrains.Bench;

/// <summary>Validates every certificate that clients receive by the newest bundle of that moment, and keeps what tells whether its root stayed in the bundles until its end.</summary>
internal sealed class CertificateLedger(RootWatch watch)
{
    private static readonly X509SvidValidationOptions Options = new() { ClockSkew = TimeSpan.FromSeconds(5) };

    private readonly ConcurrentBag<(DateTimeOffset At, string Root, DateTimeOffset NotAfter)> _taken = [];
    private readonly Lock _gate = new();
    private int _refused;

    /// <summary>Of a certificate that was not good when it came; null for none.</summary>
    public string? FirstRefusal { get; private set; }

    public int Count => _taken.Count + Volatile.Read(ref _refused);

    /// <summary>The reply of an issuance.</summary>
    public void Take(byte[] reply)
    {
        var (at, problem) = (DateTimeOffset.UtcNow, (string?)null);
        var certificates = new List<ParsedCertificate>();
        foreach (var pem in IstioCertificateResponse.Parser.ParseFrom(reply).CertChain.SkipLast(1))
        {
            if (PemBundle.TryRead(pem, out var part, out problem))
            {
                certificates.AddRange(part);
            }
        }

        if (certificates.Count > 0)
        {
            var validation = X509SvidValidator.Validate(
                certificates[0].Der, [.. certificates.Skip(1).Select(certificate => certificate.Der)], watch.Newest, at, Options);
            if (validation.IsValid)
            {
                _taken.Add((at, validation.Path[^1].AuthorityId, certificates[0].NotAfter));
                return;
            }

            problem = validation.Error;
        }

        Interlocked.Increment(ref _refused);
        lock (_gate)
        {
            FirstRefusal ??= $"{at:HH:mm:ss.fff}: {problem ?? "no certificate"}";
        }
    }

    /// <summary>Certificates that did not validate when they came, and those whose root was out of the bundle before they ended.</summary>
    public int Unverifiable(DateTimeOffset end)
        => Volatile.Read(ref _refused) + _taken.Count(one => !watch.Timeline.Held(one.Root, one.At, one.NotAfter < end ? one.NotAfter : end));

    /// <summary>Certificates received after a moment that chain to this root.</summary>
    public int Since(DateTimeOffset moment, string root) => _taken.Count(one => one.At > moment && one.Root == root);

    public int Since(DateTimeOffset moment) => _taken.Count(one => one.At > moment);
}
