using System.CommandLine;
using MeshGrains.Agent.Commands;
using MeshGrains.Cli;

namespace MeshGrains.Agent.Tests.Commands;

public sealed class AgentCommandTests
{
    public static TheoryData<string> Leaves => [.. All(AgentCommand.Create()).Where(command => command.command.Subcommands.Count == 0).Select(command => command.path)];

    [Theory]
    [MemberData(nameof(Leaves))]
    public async Task Help_of_a_command_says_what_it_does_and_ends_with_examples_that_parse(string path)
    {
        var run = await CommandRun.OfAsync([.. path.Split(' '), "--help"]);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var examples = run.Output.Split("Examples:\n")[1].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(examples, example =>
        {
            Assert.StartsWith($"  meshgrains-agent {path}", example, StringComparison.Ordinal);
            // What comes after < is the shell's.
            Assert.Empty(AgentCommand.Create().Parse(example.Split(" < ")[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]).Errors);
        });
        foreach (var option in All(AgentCommand.Create()).Single(command => command.path == path).command.Options)
        {
            Assert.False(string.IsNullOrEmpty(option.Description), $"{path} {option.Name} is not described");
        }
    }

    [Fact]
    public async Task Help_of_the_program_tells_the_exit_codes()
    {
        var run = await CommandRun.OfAsync("--help");

        Assert.Equal(0, run.ExitCode);
        foreach (var word in new[] { "run", "check-config", "healthcheck", "api", "1 when something failed", "2 when the configuration" })
        {
            Assert.Contains(word, string.Join(' ', run.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("runn")]
    [InlineData("api", "fetch", "x509", "--sockt", "/a")]
    [InlineData("api", "fetch", "x509", "--socket", "relative.sock")]
    [InlineData("api", "fetch", "x509", "--timeout", "0")]
    [InlineData("api")]
    [InlineData]
    public async Task A_command_line_that_asks_for_nothing_that_can_be_done_ends_with_2(params string[] arguments)
    {
        var run = await CommandRun.OfAsync(arguments);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.EndsWith("'meshgrains-agent --help' tells more.\n", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_is_checked_without_starting_anything()
    {
        using var folder = new TempDirectory();
        var bundle = folder.Write("bundle.pem", "");
        string[] right = ["--set", "controlPlane.addresses.0=https://mesh.example.org:8443", "--bundle", bundle, "--join-token-file", folder.File("token")];

        var valid = await CommandRun.OfAsync(["check-config", .. right]);
        var wrong = await CommandRun.OfAsync("check-config", "--set", "socketMode=rw", "--set", "log.format=xml");
        var unknown = await CommandRun.OfAsync("check-config", "--set", "sds.defaultSvidNam=x");

        Assert.Equal((0, "The configuration is valid.\n", ""), (valid.ExitCode, valid.Output, valid.Error));
        Assert.Equal((2, ""), (wrong.ExitCode, wrong.Output));
        foreach (var error in new[] { "socketMode is 'rw'", "log.format is 'xml'", "controlPlane.addresses is empty" })
        {
            Assert.Contains(error, wrong.Error, StringComparison.Ordinal);
        }

        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("defaultSvidName", unknown.Error, StringComparison.Ordinal);
    }

    private static IEnumerable<(string path, Command command)> All(Command command, string path = "") =>
        command.Subcommands.Select(child => (path: $"{path} {child.Name}".Trim(), child))
            .SelectMany(child => All(child.child, child.path).Prepend((child.path, child.child)));
}
