using System.Diagnostics;
using System.Net.Sockets;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;

namespace MeshGrains.Agent.Tests.Workloads;

/// <summary>Other processes connect and then end, become others, or hand their connection on.</summary>
public sealed class PeerProcessTests : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly UnixAttestor _attestor = new(new WorkloadOptions(), new Accounts());

    public PeerProcessTests()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(_folder.File("s")));
        _listener.Listen();
    }

    public void Dispose()
    {
        _attestor.Dispose();
        _listener.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task This_process_is_what_the_kernel_says()
    {
        using var pair = new SocketPair();

        var attestation = await _attestor.AttestAsync(pair.Peer, CancellationToken.None);

        Assert.True(attestation.Succeeded);
        Assert.Equal(Environment.ProcessId, pair.Peer.ProcessId);
        Assert.Contains($"unix:uid:{pair.Peer.UserId}", attestation.Selectors);
        Assert.Contains($"unix:gid:{pair.Peer.GroupId}", attestation.Selectors);
        Assert.Contains($"unix:path:{Environment.ProcessPath}", attestation.Selectors);
        Assert.Contains(attestation.Selectors, selector => selector.StartsWith("unix:sha256:", StringComparison.Ordinal) && selector.Length == "unix:sha256:".Length + 64);
    }

    [SkippableFact]
    public async Task A_process_that_ended_and_left_its_connection_to_a_child_is_refused()
    {
        // The parent connects and forks; the child keeps the connection, and the parent ends.
        using var parent = Start("import os,socket,sys\ns=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1])\nif os.fork()==0:\n  sys.stdin.read()\n  os._exit(0)\nos._exit(0)\n");
        using var connection = await AcceptAsync();
        using var peer = PeerProcess.Of(connection);
        await Eventually.HoldsAsync(() => !peer.IsAlive, "the parent ends");

        var attestation = await _attestor.AttestAsync(peer, CancellationToken.None);

        Assert.Equal("peer_gone", attestation.Reason);
        Assert.True(connection.Poll(0, SelectMode.SelectWrite), "the child holds the connection");
        parent.Process.StandardInput.Close();
    }

    [SkippableFact]
    public async Task A_number_that_another_process_took_over_says_nothing()
    {
        // The handle is of one that ended; under its number runs another one, alive, of the same user: this very process.
        using var ended = Start("import socket,sys\ns=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1])\nsys.stdin.read()\n");
        using var connection = await AcceptAsync();
        using var before = PeerProcess.Of(connection);
        var handle = Native.PidfdOpen(before.ProcessId);
        ended.Process.StandardInput.Close();
        await Eventually.HoldsAsync(() => !before.IsAlive, "it ends");
        using var reused = new PeerProcess(
            Environment.ProcessId, before.UserId, before.GroupId, handle, FileIdentity.Of($"/proc/{Environment.ProcessId}/exe"));

        var attestation = await _attestor.AttestAsync(reused, CancellationToken.None);

        Assert.Equal("peer_gone", attestation.Reason);
        Assert.False(reused.IsAlive);
    }

    [SkippableFact]
    public async Task A_process_that_became_another_program_is_refused()
    {
        using var changed = Start(
            "import os,socket,sys\ns=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1]);s.set_inheritable(True)\nsys.stdin.readline()\nos.execv('/bin/sh',['/bin/sh','-c','read x'])\n");
        using var connection = await AcceptAsync();
        using var peer = PeerProcess.Of(connection);
        Assert.True((await _attestor.AttestAsync(peer, CancellationToken.None)).Succeeded);

        await changed.Process.StandardInput.WriteLineAsync("go");
        await changed.Process.StandardInput.FlushAsync();
        await Eventually.HoldsAsync(() => FileIdentity.Of($"/proc/{peer.ProcessId}/exe") is { } now && !now.IsSameFileAs(peer.Executable!.Value), "it is the shell");

        Assert.Equal("executable_changed", (await _attestor.AttestAsync(peer, CancellationToken.None)).Reason);
        Assert.True(peer.IsAlive);
    }

    [SkippableFact]
    public async Task A_process_that_forks_is_attested_as_itself()
    {
        using var forked = Start(
            "import os,socket,sys\ns=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1])\nif os.fork()==0:\n  sys.stdin.read()\n  os._exit(0)\nos.wait()\n");
        using var connection = await AcceptAsync();
        using var peer = PeerProcess.Of(connection);

        Assert.True((await _attestor.AttestAsync(peer, CancellationToken.None)).Succeeded);
        Assert.Equal(forked.Process.Id, peer.ProcessId);
        forked.Process.StandardInput.Close();
    }

    [Fact]
    public async Task Credentials_that_are_not_the_ones_that_connected_are_refused()
    {
        using var pair = new SocketPair();
        using var foreign = new PeerProcess(pair.Peer.ProcessId, pair.Peer.UserId + 1, pair.Peer.GroupId, Native.PidfdOpen(pair.Peer.ProcessId), pair.Peer.Executable);

        Assert.Equal("credentials_changed", (await _attestor.AttestAsync(foreign, CancellationToken.None)).Reason);
    }

    [Fact]
    public async Task A_process_that_the_agent_cannot_see_is_refused()
    {
        using var unseen = new PeerProcess(0, 0, 0, -1, null);

        Assert.Equal("peer_unseen", (await _attestor.AttestAsync(unseen, CancellationToken.None)).Reason);
        Assert.False(unseen.IsAlive);
    }

    [Fact]
    public void Its_handle_is_closed_once()
    {
        var pair = new SocketPair();
        pair.Peer.Dispose();

        Assert.False(pair.Peer.IsAlive);
        pair.Dispose();
    }

    private async Task<Socket> AcceptAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await _listener.AcceptAsync(patience.Token);
    }

    private Child Start(string script)
    {
        var start = new ProcessStartInfo(Tool.Require("python3", "python3")) { RedirectStandardInput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        start.ArgumentList.Add(_folder.File("s"));
        return new Child(Process.Start(start)!);
    }

    private sealed class Child(Process process) : IDisposable
    {
        public Process Process => process;

        public void Dispose()
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            process.Dispose();
        }
    }
}
