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
            foreach (var template in templates)
            {
                await ApplyAsync(template, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop before the store was ready.
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // A record that was tampered with, say: callers are refused, but a silo that ends over it would serve nobody.
            LogRefused(logger, failure.Message);
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

    [LoggerMessage(EventId = 311, Level = LogLevel.Error, Message = "The templates of the configuration were not brought in: {Reason}")]
    private static partial void LogRefused(ILogger logger, string reason);
}
