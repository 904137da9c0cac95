namespace MeshGrains.Cli.Tests;

public sealed class TokenCommandsTests
{
    private const string Hello = "spiffe://mesh.test/hello";

    [Fact]
    public async Task A_token_is_all_that_stdout_gets()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.AddEntry(Hello);

        var run = await mesh.RunAsync("token", "create", "--spiffe-id", Hello, "--ttl", "1h");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal(Assert.Single(mesh.Tokens) + "\n", run.Output);
        Assert.Contains("until 2030-01-01 00:10:00Z", run.Error, StringComparison.Ordinal);
        Assert.Equal("""{"entryId":"entry-1","ttlSeconds":3600}""", mesh.Requests[^1].Body);
    }

    [Fact]
    public async Task Into_a_file_it_goes_unseen_and_for_its_owner_alone()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var entry = mesh.AddEntry(Hello);
        var file = mesh.Directory.File("token");

        var run = await mesh.RunAsync("token", "create", "--entry", entry, "--out", file);
        var again = await mesh.RunAsync("token", "create", "--entry", entry, "--out", file);

        var token = Assert.Single(mesh.Tokens);
        Assert.Equal(token + "\n", File.ReadAllText(file));
        Assert.Equal(FileSet.Secret, File.GetUnixFileMode(file));
        Assert.DoesNotContain(token, run.ToString(), StringComparison.Ordinal);
        Assert.Equal((ExitCode.Done, ExitCode.Failed), (run.ExitCode, again.ExitCode));
    }

    [Fact]
    public async Task Without_an_entry_the_way_to_one_is_told()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.AddEntry(Hello, "spiffe://mesh.test/meshgrains/source/prod", "k8s:ns:a");

        var run = await mesh.RunAsync("token", "create", "--spiffe-id", Hello);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains($"entry create {Hello}", run.Error, StringComparison.Ordinal);
    }
}
