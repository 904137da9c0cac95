using System.Security.Cryptography;
using System.Text;
using MeshGrains.Grains;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace MeshGrains.Silo;

/// <summary>
/// Brings the configuration's templates into the store once records can be written. Their ids are made of source and pattern, so that a restart
/// finds them again; one that left the configuration stays until an operator deletes it. What is not to be had yet (no authority, a busy store) is
/// tried again until it is.
/// </summary>
internal sealed partial class ConfiguredTemplates(
    IReadOnlyList<TemplateOptions> templates,
    string trustDomain,
    Task recordsReady,
    IRegistrationStore registrations,
    IGrainFactory grains,
    IRandomSource random,
    TimeProvider time,
    ILogger<ConfiguredTemplates> logger) : BackgroundService
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);

    public static string IdOf(string source, string pattern) =>
        "cfg-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{source}\n{pattern}")))[..24];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await recordsReady.WaitAsync(stoppingToken);
            var retry = FirstRetry;
            for (var left = templates; ; retry = retry * 2 < LastRetry ? retry * 2 : LastRetry)
            {
                left = await ApplyAllAsync(left, retry, stoppingToken);
                if (left.Count == 0)
                {
                    return;
                }

                await Task.Delay(retry * random.NextJitter(0.2), time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is an ordinary end.
        }
    }

    /// <summary>Those to be tried again. One that is refused keeps no other from its callers, and no failure here ends the silo.</summary>
    private async Task<IReadOnlyList<TemplateOptions>> ApplyAllAsync(IReadOnlyList<TemplateOptions> wanted, TimeSpan retry, CancellationToken stoppingToken)
    {
        var again = new List<TemplateOptions>();
        foreach (var template in wanted)
        {
            try
            {
                await ApplyAsync(template, stoppingToken);
            }
            catch (GrainOperationException conflict) when (conflict.Code == RefusalCode.Conflict)
            {
                LogDeleted(logger, template.Pattern, template.Source);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                if (IsFinal(failure))
                {
                    LogRefused(logger, template.Pattern, template.Source, failure.Message);
                    continue;
                }

                again.Add(template);
                LogTriedAgain(logger, template.Pattern, template.Source, retry.TotalSeconds, failure.Message);
            }
        }

        return again;
    }

    /// <summary>A refusal of the template itself, or of a record that was tampered with. A store or a link that failed says nothing about either.</summary>
    private static bool IsFinal(Exception failure) => failure is RecordTamperedException
        or GrainOperationException { Code: not (RefusalCode.Unavailable or RefusalCode.ResourceExhausted) };

    private async Task ApplyAsync(TemplateOptions template, CancellationToken stoppingToken)
    {
        var id = IdOf(template.Source, template.Pattern);
        var ttl = template.X509SvidTtl is { } given ? (int?)given.TotalSeconds : null;
        var standing = (await registrations.ListTemplatesAsync(trustDomain, stoppingToken)).FirstOrDefault(known => known.Id == id);
        if (standing is not null && standing.X509SvidTtlSeconds == ttl && standing.Hint == template.Hint)
        {
            return;
        }

        await grains.GetGrain<ITrustDomainGrain>(trustDomain).PutTemplateAsync(new RegistrationTemplate(
            id, trustDomain, template.Source, template.Pattern, ttl, template.Hint,
            standing?.CreatedAt ?? time.GetUtcNow(), (standing?.Revision ?? 0) + 1, random.NewId()));
        LogApplied(logger, template.Pattern, template.Source);
    }

    [LoggerMessage(EventId = 310, Level = LogLevel.Information, Message = "Template {Pattern} serves callers of source {Source}.")]
    private static partial void LogApplied(ILogger logger, string pattern, string source);

    [LoggerMessage(EventId = 311, Level = LogLevel.Error, Message = "Template {Pattern} of source {Source} was refused: {Reason}")]
    private static partial void LogRefused(ILogger logger, string pattern, string source, string reason);

    [LoggerMessage(EventId = 313, Level = LogLevel.Warning,
        Message = "Template {Pattern} of source {Source} could not be applied yet; it is tried again in about {Seconds:0} s. {Reason}")]
    private static partial void LogTriedAgain(ILogger logger, string pattern, string source, double seconds, string reason);

    [LoggerMessage(EventId = 312, Level = LogLevel.Warning,
        Message = "Template {Pattern} of source {Source} was deleted by an operator and is not brought back by the configuration: take it out there, or make it again with meshctl.")]
    private static partial void LogDeleted(ILogger logger, string pattern, string source);
}
