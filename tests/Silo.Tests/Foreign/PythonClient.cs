using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>One python3-grpcio process that calls CreateCertificate for the test, line by line.</summary>
internal sealed class PythonClient : IAsyncDisposable
{
    private readonly Process _process;

    private PythonClient(Process process) => _process = process;

    public static PythonClient Start(SiloClient silo)
    {
        var start = new ProcessStartInfo(Tool.RequirePython("grpc", "python3-grpcio"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Foreign", "create_certificate.py"));
        start.ArgumentList.Add($"localhost:{silo.Gateway.Port}");
        start.ArgumentList.Add(silo.BundlePath);
        return new PythonClient(Process.Start(start)!);
    }

    public async Task<(string Code, string Details, IReadOnlyList<string> Chain)> AskAsync(
        string? token, string csr, long? seconds = null, string? impersonate = null, params (string Key, string Value)[] metadata)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(new
        {
            token,
            csr,
            seconds,
            impersonate,
            metadata = metadata.Select(pair => new[] { pair.Key, pair.Value }),
        }));
        await _process.StandardInput.FlushAsync();
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        var answer = JsonNode.Parse(line ?? throw new InvalidOperationException(await _process.StandardError.ReadToEndAsync()))!;
        return ((string)answer["code"]!, (string)answer["details"]!, [.. answer["chain"]!.AsArray().Select(element => (string)element!)]);
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000))
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
