using System.Text.RegularExpressions;

namespace MeshGrains.Infra.Tests.Azure;

/// <summary>No Bicep compiler is at hand here; what can be read off the files is checked.</summary>
public sealed partial class BicepTests
{
    private const string Folder = "infra/azure";

    private static readonly string Main = Tree.Read($"{Folder}/main.bicep");

    [Fact]
    public void Every_module_exists_and_is_used_and_gets_the_parameters_that_it_has()
    {
        var modules = Modules().Matches(Main);
        Assert.Equal(
            Directory.EnumerateFiles(Tree.At($"{Folder}/modules"), "*.bicep").Select(Path.GetFileName).Order(StringComparer.Ordinal),
            modules.Select(module => Path.GetFileName(module.Groups["path"].Value)).Distinct().Order(StringComparer.Ordinal));
        Assert.All(modules, module =>
        {
            var text = Tree.Read($"{Folder}/{module.Groups["path"].Value}");
            var parameters = Parameters().Matches(text);
            var given = Given().Matches(module.Groups["params"].Value).Select(name => name.Groups[1].Value).ToList();
            Assert.Empty(given.Except(parameters.Select(parameter => parameter.Groups["name"].Value)));
            Assert.Empty(parameters.Where(parameter => !parameter.Groups["default"].Success).Select(parameter => parameter.Groups["name"].Value).Except(given));
        });
    }

    [Fact]
    public void Every_output_that_is_asked_of_a_module_is_one_of_its()
    {
        var files = Modules().Matches(Main).ToDictionary(module => module.Groups["name"].Value, module => Tree.Read($"{Folder}/{module.Groups["path"].Value}"));
        var asked = Outputs().Matches(Main);
        Assert.NotEmpty(asked);
        Assert.All(asked, output => Assert.Matches($@"(?m)^output {output.Groups["output"].Value} ", files[output.Groups["module"].Value]));
    }

    [Fact]
    public void The_parameters_file_gives_what_has_no_default_and_nothing_unknown()
    {
        var parameters = Parameters().Matches(Main);
        var given = ParamLines().Matches(Tree.Read($"{Folder}/main.bicepparam")).Select(line => line.Groups[1].Value).ToList();
        Assert.Empty(given.Except(parameters.Select(parameter => parameter.Groups["name"].Value)));
        Assert.Empty(parameters.Where(parameter => !parameter.Groups["default"].Success).Select(parameter => parameter.Groups["name"].Value).Except(given));
    }

    [Fact]
    public void Brackets_close()
    {
        foreach (var file in Directory.EnumerateFiles(Tree.At(Folder), "*.bicep*", SearchOption.AllDirectories))
        {
            var text = Strings().Replace(Comments().Replace(File.ReadAllText(file), ""), "''");
            foreach (var (open, close) in new[] { ('{', '}'), ('[', ']'), ('(', ')') })
            {
                Assert.True(text.Count(c => c == open) == text.Count(c => c == close), $"{Path.GetFileName(file)}: {open}{close}");
            }
        }
    }

    [Fact]
    public void An_issuer_may_read_and_unwrap_keys_and_no_more()
    {
        var vault = Tree.Read($"{Folder}/modules/keyvault.bicep");
        Assert.Equal(["read", "unwrap/action"], ActionsOf(vault, "issuerRole"));
        Assert.Equal(["create/action", "read", "sign/action", "unwrap/action", "wrap/action"], ActionsOf(vault, "authorityRole"));
        Assert.Contains("enablePurgeProtection: true", vault, StringComparison.Ordinal);
        Assert.Contains("enableRbacAuthorization: true", vault, StringComparison.Ordinal);
    }

    [Fact]
    public void Federated_credentials_are_for_the_service_accounts_of_the_manifests()
    {
        var accounts = Tree.Read("infra/kubernetes/base/core/service-accounts.yaml");
        var federated = Regex.Matches(Tree.Read($"{Folder}/modules/identities.bicep") + Main, @"system:serviceaccount:meshgrains:([\w-]+)").Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(["meshgrains-authority", "meshgrains-issuer"], federated.Order(StringComparer.Ordinal));
        Assert.All(federated, name => Assert.Contains($"name: {name}\n", accounts, StringComparison.Ordinal));
    }

    private static IEnumerable<string> ActionsOf(string text, string role)
    {
        var block = text[text.IndexOf($"resource {role} ", StringComparison.Ordinal)..];
        return Regex.Matches(block[..block.IndexOf("\n}\n", StringComparison.Ordinal)], @"'Microsoft\.KeyVault/vaults/keys/([\w/]+)'")
            .Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal);
    }

    [GeneratedRegex(@"(?ms)^module (?<name>\w+) '(?<path>[^']+)' = (if \([^\n]*\) )?\{\n.*?^  params: \{\n(?<params>.*?)^  \}\n")]
    private static partial Regex Modules();

    [GeneratedRegex(@"(?m)^    (\w+):")]
    private static partial Regex Given();

    [GeneratedRegex(@"(?m)^param (?<name>\w+) [^=\n]+?(?<default> = .*)?$")]
    private static partial Regex Parameters();

    [GeneratedRegex(@"\b(?<module>\w+)\.?!?\.outputs\.(?<output>\w+)")]
    private static partial Regex Outputs();

    [GeneratedRegex(@"(?m)^param (\w+) = ")]
    private static partial Regex ParamLines();

    [GeneratedRegex(@"(?m)^\s*//.*$")]
    private static partial Regex Comments();

    [GeneratedRegex("'[^'\n]*'")]
    private static partial Regex Strings();
}
