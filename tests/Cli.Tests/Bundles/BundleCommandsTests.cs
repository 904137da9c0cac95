namespace MeshGrains.Cli.Tests;

public sealed class BundleCommandsTests
{
    [Fact]
    public async Task The_bundle_is_printed_as_it_is_in_either_form()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var pem = await mesh.RunAsync("bundle", "show");
        var spiffe = await mesh.RunAsync("bundle", "show", "--format", "spiffe");
        var json = await mesh.RunAsync("bundle", "show", "--output", "json");

        Assert.Equal(mesh.Pki.Bundle.ToPem(), pem.Output);
        Assert.True(TrustBundleFile.Parse(spiffe.Output, "stdout").HasSameAuthorities(mesh.Pki.Bundle));
        Assert.Equal(spiffe.Output, json.Output);
    }

    [Fact]
    public async Task From_elsewhere_nobody_has_to_prove_who_asks()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var run = await mesh.RunBareAsync("bundle", "show", "--server", mesh.Server, "--bundle", mesh.BundleFile);

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal((false, null), (mesh.Requests[0].OverSocket, mesh.Requests[0].ClientId));
    }
}
