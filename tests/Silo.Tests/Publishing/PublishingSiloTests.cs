using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Silo.Tests;

public sealed class PublishingSiloTests
{
    [Fact]
    public async Task A_silo_puts_its_bundle_where_the_configuration_says_and_tells_which_output_fails()
    {
        using var folder = new TempDirectory();
        await using var silo = await RunningSilo.StartAsync(
            folder.File("data"), null, "publish.files.0.name=edge", $"publish.files.0.path={folder.File("ca.pem")}", "publish.files.0.mode=0640",
            "publish.files.1.name=lost", $"publish.files.1.path={folder.File("missing/ca.pem")}");
        using var client = new HttpClient { BaseAddress = silo.Operations };
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));

        string page;
        do
        {
            await Task.Delay(50, patience.Token);
            page = await client.GetStringAsync("/metrics", patience.Token);
        }
        while (!page.Contains("meshgrains_published_lag_seconds{target=\"edge\"} 0\n", StringComparison.Ordinal)
            || !page.Contains("meshgrains_published_failures_total{target=\"lost\"} ", StringComparison.Ordinal));

        Assert.Equal(await File.ReadAllTextAsync(folder.File("data/bundle.pem")), await File.ReadAllTextAsync(folder.File("ca.pem")));
        Assert.Contains("meshgrains_published_bundle_number{target=\"lost\"} 0\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("meshgrains_published_lag_seconds{target=\"lost\"} 0\n", page, StringComparison.Ordinal);
        var ready = await client.GetStringAsync("/readyz", patience.Token);
        Assert.Contains("lost: The directory", ready, StringComparison.Ordinal);
        var publications = silo.Services.GetRequiredService<IBundlePublications>().Current;
        Assert.Equal([("edge", true), ("lost", false)], publications.Select(publication => (publication.Target, publication.Number > 0)));
    }
}
