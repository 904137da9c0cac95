using System.Collections.Concurrent;
using MeshGrains.Identity;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Signs the lists of this silo's issuing CAs, the replaced ones' too while their leaves live, with the keys that are in its memory; at a change soon, else at
/// half of a list's time. A tainted CA signs nothing more: its root's list names it. Where lists are off it does nothing.
/// </summary>
public sealed partial class CrlPublisher(
    IGrainFactory grains,
    IIssuanceLog log,
    IRegistrationStore registrations,
    DenialReplica denials,
    IssuerSource issuers,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<CaOptions> ca,
    IOptions<RevocationOptions> options,
    CrlInstruments instruments,
    IRandomSource random,
    TimeProvider time,
    ILogger<CrlPublisher> logger) : BackgroundService
{
    private static readonly TimeSpan Coalesce = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(2);

    private readonly WakeUp _told = new();
    private readonly ConcurrentDictionary<string, Held> _held = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.Crl)
        {
            return;
        }

        issuers.Changed += OnIssuerChanged;
        denials.Changed += OnDenialsChanged;
        try
        {
            await denials.Joined.WaitAsync(stoppingToken);
            OnIssuerChanged(issuers.Current);
            while (true)
            {
                var pause = Longest;
                try
                {
                    pause = await LookAsync(stoppingToken);
                }
                catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
                {
                    instruments.Failed();
                    LogFailed(logger, failure.Message);
                    pause = AfterFailure;
                }

                await _told.PauseAsync(time, pause * random.NextJitter(0.1), stoppingToken);
                stoppingToken.ThrowIfCancellationRequested();
                await time.PauseAsync(Coalesce, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of the loop.
        }
        finally
        {
            issuers.Changed -= OnIssuerChanged;
            denials.Changed -= OnDenialsChanged;
        }
    }

    public override void Dispose()
    {
        _told.Dispose();
        base.Dispose();
    }

    /// <summary>Until when nothing is due.</summary>
    private async Task<TimeSpan> LookAsync(CancellationToken stoppingToken)
    {
        var now = time.GetUtcNow();
        foreach (var (id, held) in _held)
        {
            if (held.Issuer.NotAfter <= now || denials.Current?.Contains(DenialKind.TaintedAuthority, id) == true)
            {
                _held.TryRemove(id, out _);
            }
        }

        if (denials.Current is not { } denied)
        {
            return AfterFailure;
        }

        var subjects = string.Join(
            '\n', denied.Subjects(DenialKind.QuarantinedIdentity).Concat(denied.Subjects(DenialKind.BannedAgent)).Order(StringComparer.Ordinal));
        var due = _held.Where(held => held.Value.Subjects != subjects || held.Value.DueAt <= now).ToDictionary(held => held.Key, held => held.Value, StringComparer.Ordinal);
        if (due.Count > 0)
        {
            var found = await new RevokedLeaves(log, registrations, trustDomain.Value.Name, ca.Value.IssuingCaTtl).FindAsync(
                denied.Set, due.Keys.ToHashSet(StringComparer.Ordinal), now, stoppingToken);
            if (found.IsCut)
            {
                LogCut(logger, CrlLimits.MaxLeaves);
            }

            foreach (var (id, held) in due)
            {
                await PublishAsync(id, held, found.Lists[id], now, stoppingToken);
                held.Subjects = subjects;
            }
        }

        instruments.Seen(await grains.GetGrain<IRevocationGrain>(trustDomain.Value.Name).RefreshAsync().WaitAsync(Patience, time, stoppingToken));
        var next = _held.Values.Select(held => held.DueAt - now).Append(Longest).Min();
        return next > Coalesce ? next : Coalesce;
    }

    private async Task PublishAsync(string id, Held held, List<RevokedCertificate> revoked, DateTimeOffset now, CancellationToken stoppingToken)
    {
        var end = now + options.Value.CrlLifetime < held.Issuer.NotAfter ? now + options.Value.CrlLifetime : held.Issuer.NotAfter;
        var number = Math.Max(held.Number + 1, now.ToUnixTimeMilliseconds());
        var der = CrlWriter.Sign(held.Issuer, number, now - Backdate, end, revoked);
        await grains.GetGrain<IRevocationGrain>(trustDomain.Value.Name)
            .PublishAsync(new PublishCrl(id, held.Issuer.Key.SubjectPublicKeyInfo.ToArray(), held.Issuer.NotAfter, der))
            .WaitAsync(Patience, time, stoppingToken);
        (held.Number, held.DueAt) = (number, now + ((end - now) / 2));
        LogPublished(logger, id, number, revoked.Count, end);
    }

    private void OnIssuerChanged(IssuerSnapshot? next)
    {
        if (next is not null && _held.TryAdd(next.AuthorityId, new Held(next.Issuer)))
        {
            _told.Call();
        }
    }

    private void OnDenialsChanged(DenialSnapshot newest) => _told.Call();

    /// <summary>An issuing CA of this silo, and what its last list was made of.</summary>
    private sealed class Held(Issuer issuer)
    {
        public Issuer Issuer => issuer;

        public string? Subjects { get; set; }

        public long Number { get; set; }

        public DateTimeOffset DueAt { get; set; } = DateTimeOffset.MinValue;
    }

    [LoggerMessage(EventId = 262, Level = LogLevel.Warning, Message = "The revocation lists could not be looked after ({Reason}); it is tried again within seconds.")]
    private static partial void LogFailed(ILogger logger, string reason);

    [LoggerMessage(EventId = 263, Level = LogLevel.Information, Message = "Issuing CA {AuthorityId} signed revocation list {Number} of {Count} certificates, which holds until {Until:u}.")]
    private static partial void LogPublished(ILogger logger, string authorityId, long number, int count, DateTimeOffset until);

    [LoggerMessage(EventId = 264, Level = LogLevel.Error,
        Message = "More certificates are revoked than a list holds ({Limit}); the newest are on it. Taint the issuing CA, or wait until they have ended.")]
    private static partial void LogCut(ILogger logger, int limit);
}
