using System.CommandLine;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Cli.Tests;

public sealed class CommandLineTests
{
    private static readonly CliHost Host = new(TextWriter.Null, TextWriter.Null, TextReader.Null, new FakeTimeProvider(), RandomSerialSource.Shared);

    public static TheoryData<string> Leaves => [.. Leaf(MeshCtl.Create(Host), "").Select(leaf => leaf.Path)];

    [Theory]
    [InlineData("")]
    [InlineData("entry")]
    [InlineData("entri list")]
    [InlineData("entry create")]
    [InlineData("entry list --nothing")]
    [InlineData("entry list --output xml")]
    [InlineData("svid fetch spiffe://mesh.test/a")]
    [InlineData("svid fetch spiffe://mesh.test/a --out x --ttl soon")]
    [InlineData("svid fetch spiffe://mesh.test/a --out x --key-type rsa1024")]
    [InlineData("svid fetch Spiffe://mesh.test/a --out x")]
    [InlineData("svid fetch --out x --token a --token-file b")]
    [InlineData("svid fetch --out x --token a --cert c --key k")]
    [InlineData("svid fetch --out x --cert c")]
    [InlineData("identity quarantine spiffe://mesh.test/a")]
    [InlineData("entry list --data a --socket b")]
    [InlineData("entry list --server https://localhost:1")]
    [InlineData("entry list --server http://localhost:1 --bundle b")]
    [InlineData("entry list --server https://localhost:1 --bundle b --trust-domain A")]
    [InlineData("token create --socket s")]
    [InlineData("token create --entry a --spiffe-id b --socket s")]
    [InlineData("issuance list --socket s --limit 0")]
    [InlineData("issuance list --socket s --spiffe-id a --serial b")]
    [InlineData("bundle show --format der")]
    [InlineData("bootstrap init --out x --trust-domain A")]
    public async Task A_command_line_that_asks_for_nothing_possible_is_a_usage_error(string line)
    {
        var run = await FakeMesh.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), new FakeTimeProvider());

        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.NotEmpty(run.Error);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task A_misspelt_command_is_told_the_right_one()
    {
        var run = await FakeMesh.RunAsync(["entry", "creat"], new FakeTimeProvider());

        Assert.Contains("create", run.Error, StringComparison.Ordinal);
        Assert.Contains("meshctl entry --help", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Leaves))]
    public async Task Every_commands_help_ends_with_examples_that_parse(string path)
    {
        var run = await FakeMesh.RunAsync([.. path.Split(' '), "--help"], new FakeTimeProvider());
        var command = (TaughtCommand)Leaf(MeshCtl.Create(Host), "").Single(leaf => leaf.Path == path).Command;

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.NotEmpty(command.Examples);
        Assert.All(command.Examples, example =>
        {
            Assert.Contains($"  meshctl {example}\n", run.Output, StringComparison.Ordinal);
            Assert.StartsWith(path, example, StringComparison.Ordinal);
            Assert.Empty(MeshCtl.Create(Host).Parse(example.Split(" > ")[0].Replace('\'', '"')).Errors);
        });
        Assert.All(command.Options.Concat<Symbol>(command.Arguments), symbol => Assert.False(string.IsNullOrEmpty(symbol.Description), symbol.Name));
    }

    [Fact]
    public void The_commands_of_the_foundation_are_all_there()
        => Assert.Equal(
            [
                "agent ban", "agent evict", "agent list", "agent show", "agent token", "agent unban",
                "authority jwt list", "authority jwt rotate", "authority jwt taint", "authority list", "authority taint",
                "bootstrap init", "bootstrap issue", "bundle show", "cluster list", "demo", "denial list", "entry create", "entry delete",
                "entry list", "entry show", "entry update", "federation create", "federation delete", "federation list", "federation refresh", "federation show",
                "identity quarantine", "identity release", "issuance list", "issuance verify",
                "rotate root force", "rotate root pause", "rotate root resume", "rotate root rollback", "rotate root start", "rotate root status", "status", "svid fetch", "svid renew",
                "svid show", "svid verify", "template create", "template delete", "template list", "token create",
                "trust graph", "upstream csr", "upstream import",
            ],
            Leaf(MeshCtl.Create(Host), "").Select(leaf => leaf.Path).Order());

    private static IEnumerable<(string Path, Command Command)> Leaf(Command command, string path)
        => command.Subcommands.Count == 0 ? [(path, command)] : command.Subcommands.SelectMany(child => Leaf(child, $"{path} {child.Name}".TrimStart()));
}
