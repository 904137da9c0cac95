using System.Globalization;
using MeshGrains.Testing;

namespace MeshGrains.Infra.Tests.Systemd;

/// <summary>What the agent's unit promises: locked down, and still able to see who calls.</summary>
public sealed class AgentUnitTests
{
    private const string File = "infra/systemd/meshgrains-agent.service";

    private static readonly string[] Unit = Tree.Read(File).Split('\n');

    [Fact]
    public void It_is_started_anew_whatever_ended_it_but_a_configuration_that_cannot_work()
    {
        Assert.Equal("always", Value("Restart"));
        Assert.Equal("2", Value("RestartPreventExitStatus"));
        Assert.Equal("0", Value("StartLimitIntervalSec"));
        Assert.True(int.Parse(Value("TimeoutStopSec"), CultureInfo.InvariantCulture) >= 5 + 5);
    }

    [Fact]
    public void Its_folder_is_the_one_of_the_configured_socket_and_outlives_a_restart()
    {
        var socket = Yaml.Documents(Tree.Read("infra/meshgrains-agent.yaml"))[0]["socket"].Text!;
        Assert.Equal($"/run/{Value("RuntimeDirectory")}", Path.GetDirectoryName(socket));
        Assert.Equal("0755", Value("RuntimeDirectoryMode"));
        Assert.Equal("restart", Value("RuntimeDirectoryPreserve"));
        Assert.Equal("0700", Value("StateDirectoryMode"));
    }

    [Theory]
    [InlineData("NoNewPrivileges", "yes")]
    [InlineData("ProtectSystem", "strict")]
    [InlineData("ProtectKernelModules", "yes")]
    [InlineData("RestrictNamespaces", "yes")]
    [InlineData("SystemCallArchitectures", "native")]
    [InlineData("LimitCORE", "0")]
    public void It_is_locked_down(string key, string value) => Assert.Equal(value, Value(key));

    [Fact]
    public void Nothing_hides_callers_from_it_and_each_right_has_a_reason()
    {
        Assert.DoesNotContain(Unit, line => new[] { "ProtectProc=", "ProcSubset=", "PrivateUsers=", "PrivatePIDs=", "DynamicUser=", "MemoryDenyWriteExecute=" }
            .Any(key => line.StartsWith(key, StringComparison.Ordinal)));
        var reasons = string.Join('\n', Unit.Where(line => line.StartsWith('#')));
        Assert.All(Value("CapabilityBoundingSet").Split(' '), right => Assert.Contains(right["CAP_".Length..], reasons, StringComparison.Ordinal));
        Assert.Contains("CAP_SYS_PTRACE", Value("CapabilityBoundingSet"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Systemd_finds_nothing_wrong()
    {
        var analyze = Tool.Require("systemd-analyze", "systemd");
        using var folder = new TempDirectory();
        var unit = folder.Write("meshgrains-agent.service", Tree.Read(File).Replace("/opt/meshgrains/meshgrains-agent", "/bin/true", StringComparison.Ordinal));

        var verified = Tool.Run(analyze, ["verify", unit]);

        Assert.True(verified.ExitCode == 0, verified.ToString());
        Assert.Equal("", verified.Errors);
    }

    private static string Value(string key) => Assert.Single(Unit, line => line.StartsWith(key + "=", StringComparison.Ordinal))[(key.Length + 1)..];
}
