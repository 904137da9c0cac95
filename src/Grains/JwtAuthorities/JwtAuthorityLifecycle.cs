using System.Security.Cryptography;
using MeshGrains.Identity;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Brings this silo the cluster's active JWT key, sealed, and opens it here; asks again well before what was recorded ahead is used up. While the
/// authority is away the silo signs on, up to the recorded <c>exp</c>.
/// </summary>
public sealed partial class JwtAuthorityLifecycle(
    IGrainFactory grains,
    RecordKeyRing recordKey,
    JwtKeySeal seal,
    IssuerSource issuers,
    JwtSigningSource signing,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<JwtOptions> options,
    IRandomSource random,
    TimeProvider time,
    ILogger<JwtAuthorityLifecycle> logger) : BackgroundService
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!trustDomain.Value.Issues || !options.Value.Enabled)
        {
            signing.WaitingFor = options.Value.Enabled ? "this process has not the role issuer" : "this cluster issues no JWT-SVIDs (jwt.enabled)";
            return;
        }

        try
        {
            signing.WaitingFor = "the record key is not unwrapped yet (the key manager has not answered)";
            await recordKey.Ready.WaitAsync(stoppingToken);
            signing.WaitingFor = "there is no issuing CA yet, and no trust bundle";
            await IssuerAsync(stoppingToken);
            signing.WaitingFor = "the cluster's JWT authority has not answered yet";
            await RunAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of the loop.
        }
    }

    private async Task RunAsync(CancellationToken stoppingToken)
    {
        var retry = FirstRetry;
        while (true)
        {
            TimeSpan pause;
            try
            {
                var reservation = await grains.GetGrain<IJwtAuthorityGrain>(trustDomain.Value.ClusterKey).ReserveAsync(random.NewId()).WaitAsync(stoppingToken);
                Take(reservation);
                retry = FirstRetry;
                pause = TimeSpan.FromSeconds(reservation.LookAgainSeconds) * random.NextJitter(0.2);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                signing.WaitingFor = $"no JWT authority yet: {failure.Message}";
                pause = retry * random.NextJitter(0.2);
                retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
                LogFailed(logger, failure.Message, pause.TotalSeconds, signing.Current?.HighestExpiry);
            }

            await PauseAsync(pause, stoppingToken);
        }
    }

    /// <summary>Ends early when the key that is signed with leaves the trust bundle: it was tainted, and there is another or will be.</summary>
    private async Task PauseAsync(TimeSpan pause, CancellationToken stoppingToken)
    {
        if (signing.Current is not { } current || !Lies(current, issuers.Current))
        {
            await time.PauseAsync(pause, stoppingToken);
            return;
        }

        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnChanged(IssuerSnapshot? issuer)
        {
            if (issuer is not null && !Lies(current, issuer))
            {
                gone.TrySetResult();
            }
        }

        issuers.Changed += OnChanged;
        try
        {
            OnChanged(issuers.Current);
            using var wait = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(time.PauseAsync(pause, wait.Token), gone.Task);
            await wait.CancelAsync();
            stoppingToken.ThrowIfCancellationRequested();
        }
        finally
        {
            issuers.Changed -= OnChanged;
        }
    }

    private static bool Lies(JwtSigning current, IssuerSnapshot? issuer) =>
        issuer is not null && issuer.Bundle.JwtAuthorities.Any(authority => authority.KeyId == current.Signer.KeyId);

    private void Take(JwtReservation reservation)
    {
        var current = signing.Current;
        if (current?.Signer.KeyId == reservation.KeyId)
        {
            signing.Swap(current with { HighestExpiry = reservation.HighestExpiry });
            return;
        }

        if (!JwtAlgorithms.TryParse(reservation.Algorithm, out var algorithm))
        {
            throw new NotSupportedException($"The JWT authority {reservation.KeyId} signs with {reservation.Algorithm}, which this version does not know.");
        }

        var pkcs8 = seal.Open(trustDomain.Value.ClusterKey, reservation.KeyId, reservation.SealedKey);
        try
        {
            var signer = JwtSigner.Import(algorithm, pkcs8);
            if (signer.KeyId != reservation.KeyId)
            {
                throw new CryptographicException($"The key that was sealed as {reservation.KeyId} is {signer.KeyId}.");
            }

            // The former one is left to whoever is still signing with it.
            signing.Swap(new JwtSigning(signer, reservation.HighestExpiry));
            LogTaken(logger, signer.KeyId, reservation.Algorithm);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>A trust domain has a bundle once this silo has an issuing CA.</summary>
    private async Task IssuerAsync(CancellationToken stoppingToken)
    {
        var there = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnChanged(IssuerSnapshot? issuer)
        {
            if (issuer is not null)
            {
                there.TrySetResult();
            }
        }

        issuers.Changed += OnChanged;
        try
        {
            OnChanged(issuers.Current);
            await there.Task.WaitAsync(stoppingToken);
        }
        finally
        {
            issuers.Changed -= OnChanged;
        }
    }

    [LoggerMessage(EventId = 220, Level = LogLevel.Information, Message = "JWT-SVIDs are signed with {KeyId} ({Algorithm}) from here on.")]
    private static partial void LogTaken(ILogger logger, string keyId, string algorithm);

    [LoggerMessage(EventId = 221, Level = LogLevel.Warning,
        Message = "The JWT authority did not answer: {Reason}. Asking again in {Seconds:0.0} s; tokens may be signed that end by {HighestExpiry:u}.")]
    private static partial void LogFailed(ILogger logger, string reason, double seconds, DateTimeOffset? highestExpiry);
}
