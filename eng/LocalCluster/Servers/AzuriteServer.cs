using System.Net;

namespace MeshGrains.LocalCluster;

/// <summary>Azurite's blob service on a loopback port, under Azurite's own well-known account.</summary>
public sealed class AzuriteServer : IAsyncDisposable
{
    public const string Program = "azurite-blob";

    /// <summary>The npm package that has it.</summary>
    public const string Package = "azurite@3.37.0";

    public const string Account = "devstoreaccount1";

    /// <summary>Published by Azurite for everybody: no secret.</summary>
    public const string AccountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private AzuriteServer(ChildProcess process, int port) => (Process, Port) = (process, port);

    public ChildProcess Process { get; }

    public int Port { get; }

    public string BlobEndpoint => $"http://127.0.0.1:{Port}/{Account}";

    public static bool IsInstalled => ChildProcess.Find(Program) is not null;

    /// <summary>Starts it and waits until it listens. <paramref name="folder"/> keeps its blobs; null keeps them in memory.</summary>
    public static async Task<AzuriteServer> StartAsync(string? folder, int port, CancellationToken cancellationToken)
    {
        List<string> arguments = ["--blobHost", "127.0.0.1", "--blobPort", $"{port}", "--silent", "--skipApiVersionCheck", "--disableTelemetry"];
        if (folder is null)
        {
            arguments.Add("--inMemoryPersistence");
        }
        else
        {
            Directory.CreateDirectory(folder);
            arguments.AddRange(["--location", folder]);
        }

        var process = ChildProcess.Start(
            ChildProcess.Find(Program) ?? throw new FileNotFoundException($"{Program} is not installed: npm install -g {Package}"), arguments);
        try
        {
            await Waiting.UntilListeningAsync(new IPEndPoint(IPAddress.Loopback, port), process, Patience, cancellationToken);
            return new AzuriteServer(process, port);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
