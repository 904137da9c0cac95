namespace MeshGrains.Architecture.Tests;

/// <summary>Arrows point down only: what each project may use.</summary>
public sealed class ReferenceTests
{
    private const string AspNetCore = "Microsoft.AspNetCore.App";

    /// <summary>
    /// Our projects and the packages each may name (an ending * is a prefix). Solo and Orleans stand in each other's place and are checked apart.
    /// </summary>
    private static readonly Dictionary<string, (string[] Projects, string[] Packages)> Allowed = new()
    {
        ["Identity"] = ([], []),
        ["Keys"] = (["Identity"], ["Azure.Core", "Azure.Identity", "Polly.Core", "Microsoft.Extensions.*"]),
        ["Solo"] = ([], ["Microsoft.Extensions.*"]),
        ["Grains"] = (["Identity", "Keys"], ["Microsoft.Extensions.*"]),
        ["Storage"] = (["Grains"], ["Microsoft.Data.Sqlite*", "SQLitePCLRaw*", "Azure.*", "Microsoft.Extensions.*"]),
        ["Rpc"] = ([], ["Google.Protobuf", "Grpc.Tools", AspNetCore]),
        ["Gateway"] = (["Grains", "Rpc"], ["Microsoft.AspNetCore.OpenApi", "Microsoft.Extensions.*", AspNetCore]),
        ["Silo"] = (["Identity", "Keys", "Grains", "Storage", "Rpc", "Gateway"],
            ["YamlDotNet", "System.CommandLine", "OpenTelemetry*", "Microsoft.Extensions.*", AspNetCore]),
        ["Agent"] = (["Identity", "Rpc"], ["System.CommandLine", "YamlDotNet", "OpenTelemetry*", "Microsoft.Extensions.*", AspNetCore]),
        ["Cli"] = (["Identity", "Rpc"], ["System.CommandLine", "Spectre.Console", "YamlDotNet", AspNetCore]),
    };

    private static readonly string[] OnOrleans = ["Grains", "Storage", "Silo"];

    [Fact]
    public void Every_project_uses_only_what_the_design_lets_it()
    {
        Assert.True(Repository.Projects.Count >= 9);
        Assert.Equal([], Repository.Projects.SelectMany(Violations));
    }

    [Theory]
    [InlineData("Identity", """<PackageReference Include="YamlDotNet" />""", "Identity uses YamlDotNet")]
    [InlineData("Identity", """<FrameworkReference Include="Microsoft.AspNetCore.App" />""", "Identity uses Microsoft.AspNetCore.App")]
    [InlineData("Keys", """<ProjectReference Include="../Grains/Grains.csproj" />""", "Keys uses Grains")]
    [InlineData("Cli", """<PackageReference Include="Microsoft.Orleans.Sdk" Condition="'$(GrainHost)' == 'Orleans'" />""", "Cli uses Microsoft.Orleans.Sdk, and is no part of a silo")]
    [InlineData("Grains", """<PackageReference Include="Microsoft.Orleans.Sdk" />""", "Grains uses Microsoft.Orleans.Sdk whatever the grain host")]
    [InlineData("Silo", """<ProjectReference Include="../Solo/Solo.csproj" />""", "Silo uses Solo whatever the grain host")]
    [InlineData("Gateway", """<ProjectReference Include="..\Solo\Solo.csproj" Condition="'$(GrainHost)' == 'Solo'" />""", "Gateway uses Solo, and is no part of a silo")]
    [InlineData("Silo", """<ProjectReference Include="../../tests/Testing/Testing.csproj" />""", "Silo uses Testing")]
    [InlineData("New", "", "New is not in the table of projects: say what it may use")]
    public void A_forbidden_use_is_found(string project, string item, string expected) =>
        Assert.Equal([expected], Violations(ProjectFile.Parse(project, $"<Project><ItemGroup>{item}</ItemGroup></Project>")));

    private static IEnumerable<string> Violations(ProjectFile project)
    {
        if (!Allowed.TryGetValue(project.Name, out var allowed))
        {
            return [$"{project.Name} is not in the table of projects: say what it may use"];
        }

        return project.Projects.Concat(project.Packages).Concat(project.Frameworks).Select(use =>
        {
            var host = use.Name == "Solo" ? "Solo" : use.Name.StartsWith("Microsoft.Orleans", StringComparison.Ordinal) ? "Orleans" : null;
            if (host is not null)
            {
                return !OnOrleans.Contains(project.Name) ? $"{project.Name} uses {use.Name}, and is no part of a silo"
                    : !use.IsForHost(host) ? $"{project.Name} uses {use.Name} whatever the grain host" : null;
            }

            var names = project.Projects.Contains(use) ? allowed.Projects : allowed.Packages;
            return names.Any(name => name.EndsWith('*') ? use.Name.StartsWith(name[..^1], StringComparison.Ordinal) : use.Name == name)
                ? null
                : $"{project.Name} uses {use.Name}";
        }).OfType<string>();
    }
}
