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

    public static bool IsInstalled => ProgramPath is not null;

    /// <summary>On PATH, or where <see cref="InstallAsync"/> puts it; null when it is in neither place.</summary>
    private static string? ProgramPath => ChildProcess.Find(Program) ?? (File.Exists(OwnProgram) ? OwnProgram : null);

    private static string OwnFolder => Path.Combine(MeshTree.Artifacts, "tools");

    private static string OwnProgram => Path.Combine(OwnFolder, "node_modules", ".bin", Program);

    /// <summary>Installs it below this tree's artifacts with npm.</summary>
    /// <exception cref="FileNotFoundException">There is no npm.</exception>
    /// <exception cref="InvalidOperationException">npm failed.</exception>
    public static async Task InstallAsync(CancellationToken cancellationToken)
    {
        var npm = ChildProcess.Find("npm") ?? throw new FileNotFoundException($"npm is not installed (Debian package npm), and with it not {Package}.");
        Directory.CreateDirectory(OwnFolder);
        await ChildProcess.ReadAsync(npm, ["install", "--no-fund", "--no-audit", "--loglevel", "error", "--prefix", OwnFolder, Package], cancellationToken);
    }

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
            ProgramPath ?? throw new FileNotFoundException($"{Program} is not installed: npm install -g {Package}"), arguments);
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
