using System.Net.Sockets;
using System.Text;

namespace MeshGrains.LocalCluster.Tests;

public sealed class ControlTests : IDisposable
{
    private static readonly ClusterStatus Status = new(ClusterStatus.Running, null, "mesh.test", 42, null, [], []);
    private readonly TempDirectory _directory = new();
    private readonly ClusterFolder _folder;

    public ControlTests() => _folder = ClusterFolder.Create(_directory.File("c"));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_request_is_answered_over_a_socket_of_this_user_alone()
    {
        ControlRequest? asked = null;
        await using var server = Server(request => asked = request);

        var answer = await ControlClient.TryAskAsync(_folder, new ControlRequest(ControlRequest.Scale, 5), CancellationToken.None);

        Assert.Equal(new ControlRequest(ControlRequest.Scale, 5), asked);
        Assert.Equal((ClusterStatus.Running, 42), (answer!.Status!.Phase, answer.Status.Pid));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.Control));
    }

    [Fact]
    public async Task Without_a_supervisor_there_is_no_answer()
    {
        Assert.Null(await ControlClient.TryAskAsync(_folder, new ControlRequest(ControlRequest.Status), CancellationToken.None));
        await Server(_ => { }).DisposeAsync();
        Assert.Null(await ControlClient.TryAskAsync(_folder, new ControlRequest(ControlRequest.Status), CancellationToken.None));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\n")]
    [InlineData("not json at all\n")]
    [InlineData(null)]
    public async Task Something_else_is_refused_and_the_next_caller_is_served(string? text)
    {
        await using var server = Server(_ => { });
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_folder.Control));
            await socket.SendAsync(Encoding.ASCII.GetBytes(text ?? new string('x', 10_000)));
            using var reader = new StreamReader(new NetworkStream(socket));
            Assert.Contains("no request", await reader.ReadLineAsync() ?? "", StringComparison.Ordinal);
        }

        Assert.NotNull(await ControlClient.TryAskAsync(_folder, new ControlRequest(ControlRequest.Status), CancellationToken.None));
    }

    private ControlServer Server(Action<ControlRequest> seen) => new(
        _folder.Control,
        (request, _) =>
        {
            seen(request);
            return Task.FromResult(new ControlAnswer(null, Status));
        });
}
