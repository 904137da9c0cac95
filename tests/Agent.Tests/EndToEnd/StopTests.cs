using System.Net.Sockets;
using MeshGrains.Agent.Tests.Commands;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.LocalCluster;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>How an agent leaves its socket, and takes one over.</summary>
public sealed class StopTests
{
    [SkippableFact]
    public async Task Streams_end_with_UNAVAILABLE_and_the_socket_goes()
    {
        await using var agent = await PlayedAgent.StartAsync();
        var program = agent.Python("app");
        agent.Entry("app", $"unix:path:{program}");
        var standing = agent.CheckAsync(program, "conformance.py", "stopping", agent.Folder);
        await Eventually.HoldsAsync(() => File.Exists(Path.Combine(agent.Folder, "standing")) || standing.IsCompleted, "the streams stand");

        await agent.StopAsync();

        Assert.Contains("held: ", await standing, StringComparison.Ordinal);
        Assert.False(File.Exists(agent.Socket));
    }

    [Fact]
    public async Task One_that_is_stopped_leaves_its_successors_socket_alone()
    {
        await using var first = await PlayedAgent.StartAsync();
        File.Delete(first.Socket);
        await using var second = await PlayedAgent.StartAsync($"socket={first.Socket}");

        await first.StopAsync();

        Assert.True(File.Exists(first.Socket));
        Assert.Equal(0, (await CommandRun.OfAsync("healthcheck", "--shallow", "--socket", first.Socket)).ExitCode);
    }

    [Fact]
    public async Task A_killed_agents_socket_is_taken_over_and_a_served_one_is_not()
    {
        using var folder = new TempDirectory();
        var socket = folder.File("api.sock");
        string[] arguments =
        [
            "run", "--socket", socket, "--bundle", folder.Write("bundle.pem", new MeshCa("mesh.local").BundlePem), "--server", "https://127.0.0.1:1", "--join-token-file", folder.File("token"),
            "--set", "operationsListen=",
        ];
        var killed = ChildProcess.Start(CommandRun.Executable, arguments);
        await AnswersAsync(socket);

        var second = await Tool.RunAsync(CommandRun.Executable, arguments);
        Assert.Equal(1, second.ExitCode);
        Assert.Contains($"Another process serves '{socket}'", second.Errors, StringComparison.Ordinal);
        await killed.DisposeAsync();
        Assert.True(File.Exists(socket));

        await using var third = ChildProcess.Start(CommandRun.Executable, arguments);
        await AnswersAsync(socket);
        Assert.Equal(0, Tool.Run("/bin/kill", ["-TERM", $"{third.Id}"]).ExitCode);
        await Eventually.HoldsAsync(() => third.HasExited, "it stops");
        Assert.Equal(0, third.ExitCode);
        Assert.False(File.Exists(socket));
    }

    [Fact]
    public async Task What_is_no_agents_socket_is_left_alone()
    {
        using var folder = new TempDirectory();
        var file = folder.Write("api.sock", "somebody's");

        await Assert.ThrowsAsync<IOException>(() => PlayedAgent.StartAsync($"socket={file}"));

        Assert.Equal("somebody's", File.ReadAllText(file));
        using var datagram = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        datagram.Bind(new UnixDomainSocketEndPoint(folder.File("other.sock")));
        await Assert.ThrowsAnyAsync<IOException>(() => PlayedAgent.StartAsync($"socket={folder.File("other.sock")}"));
        Assert.True(File.Exists(folder.File("other.sock")));
    }

    private static Task AnswersAsync(string socket) => Eventually.HoldsAsync(
        async () => (await CommandRun.OfAsync("healthcheck", "--shallow", "--socket", socket)).ExitCode == 0, "the agent answers");
}
