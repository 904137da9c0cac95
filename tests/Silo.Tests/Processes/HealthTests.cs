using System.Globalization;
using MeshGrains.LocalCluster;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary><c>meshgrains health</c>, which containers ask with.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task It_tells_a_ready_silo_from_one_that_is_not_there()
    {
        using var folder = new TempDirectory();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"));
        var url = new Uri(silo.Operations, "/readyz").ToString();

        var well = await SiloProcess.RunAsync("health", "--url", url);
        Assert.True(well.ExitCode == 0, well.ToString());
        Assert.Contains("\"ready\":true", well.Output, StringComparison.Ordinal);

        var unknown = await SiloProcess.RunAsync("health", "--url", new Uri(silo.Operations, "/nothing").ToString());
        Assert.True(unknown.ExitCode == HealthCommand.NotReady, unknown.ToString());

        var gone = await SiloProcess.RunAsync("health", "--url", string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{LoopbackPort.Free()}/readyz"));
        Assert.True(gone.ExitCode == HealthCommand.NotReady, gone.ToString());
        Assert.Contains("does not answer", gone.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("here")]
    [InlineData("file:///etc/passwd")]
    public async Task What_is_no_url_is_a_wrong_command_line(string url)
    {
        var result = await SiloProcess.RunAsync("health", "--url", url);
        Assert.True(result.ExitCode == UpCommand.BadConfiguration, result.ToString());
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"'{url}' is no URL"), result.Errors, StringComparison.Ordinal);
    }
}
