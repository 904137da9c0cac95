using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;
using MeshGrains.Agent.Workloads.Docker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Tests.Workloads.Docker;

public sealed class DockerAttestorTests : IAsyncLifetime, IDisposable
{
    private const string Id = "9bca8d63d5fa610783847915bcff0ecac1273e5b4bed3f6fa1b07350e0135961";

    private readonly TempDirectory _folder = new();
    private readonly SocketPair _pair = new();
    private readonly ProcFolder _proc = new($"0::/system.slice/docker-{Id}.scope\n");
    private WebApplication _daemon = null!;
    private string _body = "";
    private int _asked;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(_folder.File("docker.sock")));
        _daemon = builder.Build();
        _daemon.Run(http =>
        {
            _asked++;
            http.Response.StatusCode = http.Request.Path == $"/containers/{Id}/json" ? 200 : 404;
            return http.Response.WriteAsync(_body);
        });
        await _daemon.StartAsync();
    }

    public async Task DisposeAsync() => await _daemon.DisposeAsync();

    public void Dispose()
    {
        _proc.Dispose();
        _pair.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Labels_environment_and_image_are_told_as_SPIRE_names_them()
    {
        _body = $$$"""
            {"Id":"{{{Id}}}","Image":"sha256:77af4d6b9913","Name":"/web","Config":{"Hostname":"x","Image":"nginx:1.27","Env":["PATH=/bin","MODE=a=b"],
             "Labels":{"com.example.name":"foo","empty":""} } }
            """;

        Assert.Equal(
            ["docker:label:com.example.name:foo", "docker:label:empty:", "docker:env:PATH=/bin", "docker:env:MODE=a=b", "docker:image_id:nginx:1.27",
             "docker:image_config_digest:sha256:77af4d6b9913"],
            await AttestAsync());
    }

    [Fact]
    public async Task A_process_in_no_container_has_none_and_nobody_is_asked()
    {
        _proc.Cgroup = "0::/user.slice/user-1000.slice/session-2.scope\n";

        Assert.Empty(await AttestAsync());
        Assert.Equal(0, _asked);
    }

    [Fact]
    public async Task What_the_daemon_does_not_know_or_cannot_say_is_refused()
    {
        _proc.Cgroup = $"0::/docker/{new string('a', 64)}\n";
        Assert.Equal("container_unknown", await RefusedAsync());
        _proc.Cgroup = $"0::/docker/{Id}\n";
        _body = $$"""{"Id":"{{new string('a', 64)}}"}""";
        Assert.Equal("bad_answer", await RefusedAsync());
        _body = new string(' ', 2048);
        Assert.Equal("too_large", await RefusedAsync());
        await _daemon.StopAsync();
        Assert.Equal("unreachable", await RefusedAsync());
    }

    private async Task<string> RefusedAsync() => (await Assert.ThrowsAsync<AttestorException>(AttestAsync)).Reason;

    private async Task<IReadOnlyCollection<string>> AttestAsync()
    {
        using var attestor = new DockerAttestor(
            new DockerAttestorOptions { Enabled = true, Socket = _folder.File("docker.sock"), MaxBodyBytes = 1024 }, TimeProvider.System, _proc.FullPath);
        return await attestor.AttestAsync(_pair.Peer, CancellationToken.None);
    }
}
