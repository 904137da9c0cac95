using System.Diagnostics;
using System.Globalization;
using MeshGrains.Testing;

namespace MeshGrains.Rpc.Tests;

/// <summary><c>rpc_server.py</c> in a process of its own, until disposed.</summary>
internal sealed class ForeignServer : IAsyncDisposable
{
    private readonly Process _process;

    private ForeignServer(Process process, int port, bool tls)
    {
        _process = process;
        Address = new Uri($"{(tls ? "https" : "http")}://localhost:{port}");
    }

    public Uri Address { get; }

    public static string RequirePython() => Tool.RequirePython("grpc, google.protobuf", "python3-grpcio");

    public static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "Foreign", name);

    public static async Task<ForeignServer> StartAsync(params string[] tlsFiles)
    {
        string python = RequirePython();
        Process process = Process.Start(new ProcessStartInfo(python, [Script("rpc_server.py"), .. tlsFiles])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        string? port = await process.StandardOutput.ReadLineAsync();
        return new ForeignServer(process, int.Parse(port ?? "", CultureInfo.InvariantCulture), tlsFiles.Length > 0);
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
