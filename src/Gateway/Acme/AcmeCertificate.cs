using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Grains;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Acme;

/// <summary>
/// What this process knows of the stored document: the certificate to show, and the answers to the CA's challenges. Who asks for an answer that is not there has the store
/// asked again, once a second at most, since another silo may have ordered.
/// </summary>
internal sealed class AcmeCertificate(IOptions<FederationOptions> options, TimeProvider time, ILogger<AcmeCertificate> logger, IAcmeStore? store = null) : IDisposable
{
    private static readonly TimeSpan FindPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FindPatience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _gate = new();
    private volatile AcmeDocument _document = new();
    private volatile Shown? _shown;
    private volatile Challenge? _challenge;
    private long? _read;

    public FederationAcmeOptions Options => options.Value.Endpoint.Acme;

    /// <summary>Whether the endpoint's certificate comes this way.</summary>
    public bool IsOn => store is not null && options.Value.Endpoint is { Listen.Length: > 0, Profile: BundleEndpointProfile.Web, Acme.IsOn: true };

    public SslStreamCertificateContext? Current => _shown?.Context;

    /// <summary>Of the certificate that is shown; null while there is none.</summary>
    public AcmeLeaf? Leaf => _shown?.Leaf;

    public AcmeDocument Document => _document;

    /// <summary>Reads what is stored. What it throws is the store's.</summary>
    public async Task<AcmeDocument> RefreshAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await ReadInTurnAsync(cancellationToken);
            return _document;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Writes what follows <see cref="Document"/>; false when another was first.</summary>
    public async Task<bool> ChangeAsync(AcmeDocument next, CancellationToken cancellationToken)
    {
        var numbered = next with { Number = _document.Number + 1 };
        if (!await store!.SaveAsync(numbered, cancellationToken))
        {
            return false;
        }

        Use(numbered);
        return true;
    }

    /// <summary>The answer for a token at our HTTP listener; null for none.</summary>
    public Task<AcmeAnswer?> FindTokenAsync(string token, CancellationToken cancellationToken) =>
        FindAsync(answer => string.Equals(answer.Token, token, StringComparison.Ordinal), cancellationToken);

    /// <summary>The certificate that answers tls-alpn-01 for a name (RFC 8737); null when nothing is being proven.</summary>
    public async Task<SslStreamCertificateContext?> FindNameAsync(string? name, CancellationToken cancellationToken)
    {
        if (await FindAsync(answer => string.Equals(answer.Domain, name, StringComparison.OrdinalIgnoreCase), cancellationToken) is not { } found)
        {
            return null;
        }

        var made = _challenge;
        if (made?.Answer != found)
        {
            _challenge = made = new Challenge(found, TlsAlpnCertificate.Make(found, time.GetUtcNow()));
        }

        return made.Context;
    }

    public void Dispose() => _turn.Dispose();

    private async Task<AcmeAnswer?> FindAsync(Func<AcmeAnswer, bool> wanted, CancellationToken cancellationToken)
    {
        if (_document.Answers.FirstOrDefault(wanted) is { } known)
        {
            return known;
        }

        var came = time.GetTimestamp();
        using var limit = new CancellationTokenSource(FindPatience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _turn.WaitAsync(both.Token);
            try
            {
                // What was read before it came may be from before the CA was told; one reading serves all who wait.
                if (_read is not { } read || read < came)
                {
                    await PauseAfterAsync(_read, both.Token);
                    await ReadInTurnAsync(both.Token);
                }
            }
            finally
            {
                _turn.Release();
            }
        }
        catch (Exception failure)
        {
            AcmeLog.NotRead(logger, failure.Message);
        }

        return _document.Answers.FirstOrDefault(wanted);
    }

    private async Task ReadInTurnAsync(CancellationToken cancellationToken)
    {
        _read = time.GetTimestamp();
        Use(await store!.LoadAsync(cancellationToken));
    }

    private Task PauseAfterAsync(long? read, CancellationToken cancellationToken)
    {
        var left = read is { } at ? FindPause - time.GetElapsedTime(at) : TimeSpan.Zero;
        return left > TimeSpan.Zero ? Task.Delay(left, time, cancellationToken) : Task.CompletedTask;
    }

    private void Use(AcmeDocument document)
    {
        lock (_gate)
        {
            UseInTurn(document);
        }
    }

    private void UseInTurn(AcmeDocument document)
    {
        if (document.Number < _document.Number)
        {
            // An older read that came late.
            return;
        }

        var before = _document;
        _document = document;
        if (document.Chain is null || document.Key is null || string.Equals(document.Chain, before.Chain, StringComparison.Ordinal))
        {
            return;
        }

        try
        {
            _shown = Shown.Of(document.Chain, document.Key);
            AcmeLog.InUse(logger, document.Domain, _shown.Leaf.NotAfter, AcmeDecisions.RenewAt(_shown.Leaf, document.Window));
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            AcmeLog.Unusable(logger, failure.Message);
        }
    }

    private sealed record Shown(SslStreamCertificateContext Context, AcmeLeaf Leaf)
    {
        public static Shown Of(string pem, byte[] pkcs8)
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pem);
            using var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(pkcs8, out _);
            var leaf = chain[0].CopyWithPrivateKey(key);
            chain.RemoveAt(0);
            return new Shown(SslStreamCertificateContext.Create(leaf, chain, offline: true), AcmeLeaf.Of(leaf));
        }
    }

    private sealed record Challenge(AcmeAnswer Answer, SslStreamCertificateContext Context);
}
