using System.Net;
using System.Net.Sockets;
using MeshGrains.Gateway.Serving;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Gateway.Tests.Administration;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class AdminSocketTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task The_socket_is_for_its_owner_alone()
    {
        await using var host = await GatewayHost.StartAsync();
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(host.AdminSocket));
        Assert.Equal(HttpStatusCode.OK, (await host.AdminClient().GetAsync("/v1/status")).StatusCode);
    }

    [Fact]
    public void The_mode_is_set_before_anyone_can_connect()
    {
        using var folder = new TempDirectory();
        var endPoint = new UnixDomainSocketEndPoint(folder.File("a.sock"));
        using var socket = AdminSocket.Bind(endPoint, NullLogger.Instance);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(folder.File("a.sock")));
        using var early = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => early.Connect(endPoint)).SocketErrorCode);
    }

    [Fact]
    public void A_socket_that_a_killed_process_left_is_replaced()
    {
        using var folder = new TempDirectory();
        var path = folder.File("a.sock");
        Leave(path);
        Assert.True(File.Exists(path));
        using var socket = AdminSocket.Bind(new UnixDomainSocketEndPoint(path), NullLogger.Instance);
        socket.Listen();
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(path));
        Assert.True(client.Connected);
    }

    [Fact]
    public void A_socket_that_somebody_serves_is_left_alone()
    {
        using var folder = new TempDirectory();
        var endPoint = new UnixDomainSocketEndPoint(folder.File("a.sock"));
        using var first = AdminSocket.Bind(endPoint, NullLogger.Instance);
        first.Listen();
        Assert.Throws<AddressInUseException>(() => AdminSocket.Bind(endPoint, NullLogger.Instance));
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(endPoint);
        Assert.True(client.Connected);
    }

    [Fact]
    public void A_file_that_is_no_socket_is_never_deleted()
    {
        using var folder = new TempDirectory();
        var path = folder.Write("a.sock", "precious");
        Assert.Throws<IOException>(() => AdminSocket.Bind(new UnixDomainSocketEndPoint(path), NullLogger.Instance));
        Assert.Equal("precious", File.ReadAllText(path));
    }

    [Theory]
    [InlineData(0b111_101_101)]
    [InlineData(0b111_010_000)]
    [InlineData(0b111_000_001)]
    public void A_folder_that_others_may_enter_is_refused(int mode)
    {
        using var folder = new TempDirectory();
        File.SetUnixFileMode(folder.FullPath, (UnixFileMode)mode);
        var refused = Assert.Throws<IOException>(() => AdminSocket.Bind(new UnixDomainSocketEndPoint(folder.File("a.sock")), NullLogger.Instance));
        Assert.Contains("0700", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("a.sock")));
    }

    [SkippableFact]
    public void A_folder_of_another_user_is_refused()
    {
        Skip.If(PeerCredentials.OwnUserId() != 0, "Only root can give a folder away for this test.");
        var chown = Tool.Require("chown", "coreutils");
        using var folder = new TempDirectory();
        Tool.Run(chown, ["65534", folder.FullPath]).EnsureSuccess();
        var refused = Assert.Throws<IOException>(() => AdminSocket.Bind(new UnixDomainSocketEndPoint(folder.File("a.sock")), NullLogger.Instance));
        Assert.Contains("uid 65534's", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_made_for_its_owner_alone()
    {
        using var folder = new TempDirectory();
        using var socket = AdminSocket.Bind(new UnixDomainSocketEndPoint(folder.File("new/a.sock")), NullLogger.Instance);
        Assert.Equal((PeerCredentials.OwnUserId(), OwnerOnly | UnixFileMode.UserExecute), FileOwner.Read(folder.File("new")));
    }

    [Fact]
    public async Task The_kernel_names_the_peer()
    {
        using var folder = new TempDirectory();
        var endPoint = new UnixDomainSocketEndPoint(folder.File("a.sock"));
        using var listener = AdminSocket.Bind(endPoint, NullLogger.Instance);
        listener.Listen();
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(endPoint);
        using var accepted = await listener.AcceptAsync();
        var peer = PeerCredentials.Read(accepted);
        Assert.Equal(Environment.ProcessId, peer.ProcessId);
        Assert.Equal(PeerCredentials.OwnUserId(), peer.UserId);
    }

    [SkippableFact]
    public async Task Another_user_is_turned_away_even_where_the_files_mode_would_let_him_in()
    {
        Skip.If(PeerCredentials.OwnUserId() != 0, "Only root can become another user for this test.");
        var python = Tool.Require("/usr/bin/python3", "python3");
        await using var host = await GatewayHost.StartAsync();
        File.SetUnixFileMode(host.AdminSocket, (UnixFileMode)0b110_110_110);
        File.SetUnixFileMode(Path.GetDirectoryName(host.AdminSocket)!, (UnixFileMode)0b111_101_101);
        var script = $"""
            import os, socket
            os.setuid(65534)
            s = socket.socket(socket.AF_UNIX)
            s.connect({System.Text.Json.JsonSerializer.Serialize(host.AdminSocket)})
            try:
                s.sendall(b'GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n')
                print(len(s.recv(100)))
            except OSError:
                print(0)
            """;
        var result = (await Tool.RunAsync(python, ["-c", script])).EnsureSuccess();
        Assert.Equal("0", result.Output.Trim());
        Assert.Contains(host.Logs.Lines, line => line.Contains("uid 65534", StringComparison.Ordinal));
    }

    /// <summary>A bound socket whose process is gone: the file stays, nobody answers.</summary>
    private static void Leave(string path)
    {
        var result = Tool.Run(
            Tool.Find("/usr/bin/python3") ?? Tool.Find("python3") ?? throw new InvalidOperationException("No Python."),
            ["-c", $"import socket; s = socket.socket(socket.AF_UNIX); s.bind({System.Text.Json.JsonSerializer.Serialize(path)}); s.listen()"]);
        result.EnsureSuccess();
    }
}
