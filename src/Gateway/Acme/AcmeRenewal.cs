using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using MeshGrains.Grains;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Acme;

/// <summary>
/// Looks again and again whether the endpoint's certificate is due, and orders one when it is this process's turn. The turn is in the stored document: of many silos one
/// orders, and all show what it got.
/// </summary>
internal sealed class AcmeRenewal(
    AcmeCertificate certificate, AcmeInstruments instruments, IOptions<TrustDomainOptions> trustDomain, TimeProvider time, IRandomSource random, ILogger<AcmeRenewal> logger)
    : BackgroundService
{
    private const int MaxKeyFileBytes = 4096;
    private const int SaveAttempts = 10;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan SavePause = TimeSpan.FromSeconds(3);

    /// <summary>One run of one process: what another run of it left does not count as its own.</summary>
    private readonly string _self = $"{trustDomain.Value.Silo}/{random.NewId()}";

    private readonly SemaphoreSlim _looking = new(1, 1);

    private FederationAcmeOptions Options => certificate.Options;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!certificate.IsOn)
        {
            return;
        }

        instruments.Watch(certificate);
        var wait = FirstRetry;
        try
        {
            for (; ; )
            {
                try
                {
                    await LookAsync(stoppingToken);
                    wait = Interval;
                }
                catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
                {
                    wait = wait * 2 < Interval ? wait * 2 : Interval;
                    AcmeLog.Later(logger, wait.TotalSeconds, failure is OperationCanceledException ? "It took too long." : $"{failure.GetType().Name}: {failure.Message}");
                }

                await Task.Delay(wait * random.NextJitter(0.2), time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end.
        }
    }

    public override void Dispose()
    {
        _looking.Dispose();
        base.Dispose();
    }

    /// <summary>One look, and what it leads to.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        await _looking.WaitAsync(cancellationToken);
        try
        {
            await LookInTurnAsync(cancellationToken);
        }
        finally
        {
            _looking.Release();
        }
    }

    private async Task LookInTurnAsync(CancellationToken cancellationToken)
    {
        var document = await certificate.RefreshAsync(cancellationToken);
        var step = AcmeDecisions.Next(document, certificate.Leaf, Options, _self, time.GetUtcNow());
        if (step == AcmeStep.Nothing || !await certificate.ChangeAsync(AcmeDecisions.Take(WithAccount(document), _self, time.GetUtcNow()), cancellationToken))
        {
            return;
        }

        using var limit = new CancellationTokenSource(AcmeDecisions.OrderTakes, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var http = AcmeHttp.Over(Options.CaFile, time);
            using var key = AcmeAccountKey.Import(certificate.Document.AccountKey);
            var session = await AcmeSession.OpenAsync(http, key, new Uri(Options.DirectoryUrl), both.Token);
            await (step == AcmeStep.Order ? OrderAsync(session, both.Token) : AskAsync(session, both.Token));
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            var why = failure is AcmeException ? failure.Message
                : limit.IsCancellationRequested ? $"The CA was not done within {AcmeDecisions.OrderTakes.TotalMinutes:0} min."
                : $"{failure.GetType().Name}: {failure.Message}";
            await FailAsync(step, why, (failure as AcmeException)?.RetryAfter, cancellationToken);
        }
    }

    private async Task OrderAsync(AcmeSession session, CancellationToken cancellationToken)
    {
        AcmeLog.Ordering(logger, Options.DomainName, Options.DirectoryUrl, Options.Challenge);
        await session.EnterAsync(Options.Email, Options.ExternalAccountKeyId, ExternalKey(), cancellationToken);

        // Left away after a failure: a CA refuses a second order for the same certificate's place.
        var document = certificate.Document;
        var replaces = session.HasRenewalInfo && document.Failures == 0 && document.Domain == Options.DomainName ? certificate.Leaf?.RenewalId : null;
        var order = new AcmeOrder(session, Options.DomainName, Options.Challenge, time);
        var (chain, key) = await order.RunAsync(replaces, PublishAsync, cancellationToken);
        AcmeLog.Issued(logger, Options.DomainName);
        try
        {
            await SaveAsync(AcmeDecisions.Issued(certificate.Document, Options, chain, key), cancellationToken);
            instruments.Ordered("ok");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }

        async Task PublishAsync(AcmeAnswer answer) => await SaveAsync(certificate.Document with { Answers = [answer] }, cancellationToken);
    }

    private async Task AskAsync(AcmeSession session, CancellationToken cancellationToken)
    {
        if (!session.HasRenewalInfo || certificate.Leaf?.RenewalId is not { } id)
        {
            await SaveAsync(AcmeDecisions.Asked(certificate.Document, null, AcmeDecisions.AskAtMost, time.GetUtcNow()), cancellationToken);
            return;
        }

        var (info, retryAfter) = await session.RenewalInfoAsync(id, cancellationToken);
        await SaveAsync(AcmeDecisions.Asked(certificate.Document, info.SuggestedWindow, retryAfter, time.GetUtcNow()), cancellationToken);
    }

    private async Task FailAsync(AcmeStep step, string why, TimeSpan? retryAfter, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (step == AcmeStep.AskWhen)
        {
            // No reason to leave the certificate's own times.
            var asked = AcmeDecisions.Asked(certificate.Document, null, retryAfter, now);
            AcmeLog.NotTold(logger, asked.Window!.AskAgainAt, why);
            await SaveAsync(asked, cancellationToken);
            return;
        }

        var failed = AcmeDecisions.Failed(certificate.Document, why, retryAfter, random.NextJitter(0.2), now);
        instruments.Ordered("failed");
        AcmeLog.Failed(logger, Options.DomainName, failed.Failures, failed.NextAttemptAt!.Value, why);
        await SaveAsync(failed, cancellationToken);
    }

    /// <summary>Tries for a while: what the CA gave is not to be lost to a store that is away for a moment.</summary>
    private async Task SaveAsync(AcmeDocument next, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (!await certificate.ChangeAsync(next, cancellationToken))
                {
                    throw new AcmeException("Another silo wrote meanwhile, which had the turn.");
                }

                return;
            }
            catch (Exception failure) when (failure is not AcmeException and not OperationCanceledException && attempt < SaveAttempts)
            {
                await Task.Delay(SavePause, time, cancellationToken);
            }
        }
    }

    private AcmeDocument WithAccount(AcmeDocument document)
    {
        if (document.AccountKey is not null && document.Directory == Options.DirectoryUrl)
        {
            return document;
        }

        using var key = AcmeAccountKey.Create();

        // A renewal is not held up by failures at the CA that was left.
        return document with { Directory = Options.DirectoryUrl, AccountKey = key.Export(), Domain = "", Failures = 0, NextAttemptAt = null, Window = null };
    }

    private byte[]? ExternalKey()
    {
        if (Options.ExternalAccountKeyFile.Length == 0)
        {
            return null;
        }

        var file = new FileInfo(Options.ExternalAccountKeyFile);
        try
        {
            return file.Length <= MaxKeyFileBytes ? Base64Url.DecodeFromChars(File.ReadAllText(file.FullName, Encoding.ASCII).Trim().TrimEnd('=')) : throw new IOException("it is too large");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            // A format error may quote what stands there.
            throw new AcmeException($"{file.FullName} (externalAccountKeyFile) holds no base64url key that can be read.");
        }
    }
}
