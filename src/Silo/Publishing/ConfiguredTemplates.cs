using System.Security.Cryptography;
using System.Text;
using MeshGrains.Grains;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace MeshGrains.Silo;

/// <summary>
/// Brings the configuration's templates into the store once records can be written. Their ids are made of source and pattern, so that a restart
/// finds them again; one that left the configuration stays until an operator deletes it.
/// </summary>
internal sealed partial class ConfiguredTemplates(
    IReadOnlyList<TemplateOptions> templates,
    string trustDomain,
    RecordKeyRing recordKey,
    IRegistrationStore registrations,
    IGrainFactory grains,
    IRandomSource random,
    TimeProvider time,
    ILogger<ConfiguredTemplates> logger) : BackgroundService
{
    public static string IdOf(string source, string pattern) =>
        "cfg-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{source}\n{pattern}")))[..24];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await recordKey.Ready.WaitAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }

        // One that is refused keeps no other from its callers, and no failure here ends the silo.
        foreach (var template in templates)
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
                LogRefused(logger, template.Pattern, template.Source, failure.Message);
            }
        }
    }

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

    [LoggerMessage(EventId = 312, Level = LogLevel.Warning,
        Message = "Template {Pattern} of source {Source} was deleted by an operator and is not brought back by the configuration: take it out there, or make it again with meshctl.")]
    private static partial void LogDeleted(ILogger logger, string pattern, string source);
}
