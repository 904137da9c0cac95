using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Grains;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace MeshGrains.Silo;

/// <summary>
/// The one connection to Redis. A start waits for it, bounded and saying so; once it stood, it comes back by itself. User and password are read
/// at every connect, so that a changed password needs no restart.
/// </summary>
internal sealed partial class RedisLink : IHostedService, IAsyncDisposable
{
    private const int ConnectTimeoutMilliseconds = 3000;
    private const int CommandTimeoutMilliseconds = 5000;

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    private readonly TimeSpan _patience;
    private readonly string _address;
    private readonly IRandomSource _random;
    private readonly TimeProvider _time;
    private readonly ILogger<RedisLink> _logger;
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private IConnectionMultiplexer? _multiplexer;

    public RedisLink(ClusteringOptions options, string silo, IRandomSource random, TimeProvider time, ILogger<RedisLink> logger)
    {
        (_patience, _address, _random, _time, _logger) = (options.RedisPatience, options.Redis, random, time, logger);
        Configuration = Configure(options, silo);
    }

    public ConfigurationOptions Configuration { get; }

    /// <exception cref="ClusterUnavailableException">Redis did not answer within the patience.</exception>
    public async Task StartAsync(CancellationToken cancellationToken) => await ConnectAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <exception cref="ClusterUnavailableException">Redis did not answer within the patience.</exception>
    public async Task<IConnectionMultiplexer> ConnectAsync(CancellationToken cancellationToken)
    {
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            return _multiplexer ??= await ConnectPatientlyAsync(cancellationToken);
        }
        finally
        {
            _connecting.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_multiplexer is { } multiplexer)
        {
            await multiplexer.DisposeAsync();
        }

        _connecting.Dispose();
    }

    private async Task<IConnectionMultiplexer> ConnectPatientlyAsync(CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        while (true)
        {
            string reason;
            try
            {
                return await ConnectionMultiplexer.ConnectAsync(Configuration).WaitAsync(cancellationToken);
            }
            catch (Exception failure) when (failure is RedisException or IOException or UnauthorizedAccessException or InvalidOperationException)
            {
                reason = failure.Message;
            }

            var left = _patience - _time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                throw new ClusterUnavailableException(
                    $"Redis ({_address}, key clustering.redis) could not be used within {Durations.Format(_patience)} (clustering.redisPatience): {reason} "
                    + "See that it runs, that this machine reaches it, and that user, password and TLS are as it wants them.");
            }

            LogWaiting(_logger, _address, reason, left.TotalSeconds);
            await Task.Delay(Retry * _random.NextJitter(0.2), _time, cancellationToken);
        }
    }

    private static ConfigurationOptions Configure(ClusteringOptions options, string silo)
    {
        var configuration = new ConfigurationOptions
        {
            Defaults = new Credentials(options.RedisUser, options.RedisPasswordFile),
            ClientName = $"meshgrains-{silo}",
            Ssl = options.RedisTls,
            AbortOnConnectFail = true,
            ConnectTimeout = ConnectTimeoutMilliseconds,
            AsyncTimeout = CommandTimeoutMilliseconds,
            SyncTimeout = CommandTimeoutMilliseconds,
            ConnectRetry = 1,
            // While Redis is away a call fails at once: whoever waits for the membership table has to learn that.
            BacklogPolicy = BacklogPolicy.FailFast,
            ReconnectRetryPolicy = new ExponentialRetry(500, 5000),
            IncludeDetailInExceptions = false,
        };
        foreach (var part in options.Redis.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (RedisAddress.TryParse(part, out var address))
            {
                configuration.EndPoints.Add(address.Host, address.Port);
            }
        }

        if (options.RedisCaFile.Length > 0)
        {
            configuration.CertificateValidation += (_, certificate, presented, errors) => IsTrusted(certificate, presented, errors, options.RedisCaFile);
        }

        return configuration;
    }

    /// <summary>The name must fit, and the chain must end at a root of the file alone.</summary>
    private static bool IsTrusted(X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors, string rootsFile)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(rootsFile);
        chain.ChainPolicy.ExtraStore.AddRange(presented?.ChainPolicy.ExtraStore ?? []);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(X509CertificateLoader.LoadCertificate(certificate.GetRawCertData()));
    }

    [LoggerMessage(EventId = 610, Level = LogLevel.Warning, Message = "Redis ({Address}) cannot be used yet: {Reason} Trying for another {Seconds:0} s.")]
    private static partial void LogWaiting(ILogger logger, string address, string reason, double seconds);

    private sealed class Credentials(string user, string passwordFile) : DefaultOptionsProvider
    {
        public override string? User => user.Length == 0 ? null : user;

        public override string? Password => passwordFile.Length == 0 ? null : File.ReadAllText(passwordFile).Trim();
    }
}
