using System.Text;
using MeshGrains.Grains;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Federation;

/// <summary>
/// States the configuration's relationships once records can be written. One that left the configuration stays until an operator deletes it: a silo that
/// starts with an older file takes nothing away. What is not to be had yet is tried again until it is.
/// </summary>
internal sealed class ConfiguredRelationships(
    IGrainFactory grains, RecordKeyRing recordKey, IOptions<FederationOptions> options, IOptions<TrustDomainOptions> trustDomain, IRandomSource random,
    TimeProvider time, ILogger<ConfiguredRelationships> logger) : BackgroundService
{
    private const int MaxFileBytes = 1024 * 1024;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await recordKey.Ready.WaitAsync(stoppingToken);
            var left = options.Value.Relationships.ToList();
            for (var retry = FirstRetry; left.Count > 0; retry = retry * 2 < LastRetry ? retry * 2 : LastRetry)
            {
                foreach (var one in left.ToList())
                {
                    if (await StateAsync(one, retry, stoppingToken))
                    {
                        left.Remove(one);
                    }
                }

                if (left.Count > 0)
                {
                    await Task.Delay(retry * random.NextJitter(0.2), time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end.
        }
    }

    /// <summary>False when it is to be tried again. One that is refused keeps no other from its place.</summary>
    private async Task<bool> StateAsync(FederationRelationshipOptions one, TimeSpan retry, CancellationToken stoppingToken)
    {
        try
        {
            var wanted = new PutFederation(
                random.NewId(), one.TrustDomain, one.Url, one.Profile, one.EndpointSpiffeId.Length == 0 ? null : one.EndpointSpiffeId,
                one.BundleFile.Length == 0 ? null : Read(one.BundleFile), one.CaFile.Length == 0 ? null : Encoding.UTF8.GetString(Read(one.CaFile)), Configured: true);
            await grains.GetGrain<IFederationGrain>(FederationKeys.Of(trustDomain.Value.Name, one.TrustDomain)).PutAsync(wanted).WaitAsync(stoppingToken);
            FederationLog.Configured(logger, one.TrustDomain);
            return true;
        }
        catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
        {
            if (failure is GrainOperationException { Code: not (RefusalCode.Unavailable or RefusalCode.ResourceExhausted) })
            {
                FederationLog.ConfiguredRefused(logger, one.TrustDomain, failure.Message);
                return true;
            }

            FederationLog.ConfiguredLater(logger, one.TrustDomain, retry.TotalSeconds, failure.Message);
            return false;
        }
    }

    private byte[] Read(string path) => new WatchedFile(path, MaxFileBytes, TimeSpan.Zero, time).Read();
}
