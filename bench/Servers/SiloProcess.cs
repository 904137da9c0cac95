using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace MeshGrains.Bench;

/// <summary>A running <c>meshgrains up</c>, reached through the addresses that it wrote into its data directory.</summary>
internal sealed class SiloProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private SiloProcess(ChildProcess process, SiloSetup setup, long started, IPEndPoint gateway, Uri operations, string adminSocket)
    {
        (Process, Setup, Started, Gateway, Operations) = (process, setup, started, gateway, operations);
        Admin = new AdminClient(adminSocket);
    }

    public ChildProcess Process { get; }

    public SiloSetup Setup { get; }

    /// <summary>When it was spawned (<see cref="Stopwatch.GetTimestamp"/>).</summary>
    public long Started { get; }

    public IPEndPoint Gateway { get; }

    public Uri Operations { get; }

    public AdminClient Admin { get; }

    public string BundleFile => Path.Combine(Setup.Data, "bundle.pem");

    /// <summary>Starts a silo and waits until it has said where it listens; it may not be ready yet.</summary>
    public static async Task<SiloProcess> StartAsync(SiloSetup setup, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(setup.Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var endpointsFile = Path.Combine(setup.Data, "endpoints.json");
        File.Delete(endpointsFile);
        var started = Stopwatch.GetTimestamp();
        var process = ChildProcess.Start(
            setup.Program,
            [
                "up", "--data", setup.Data, "--config", setup.ConfigFile, "--trust-domain", setup.Domain,
                "--listen", setup.Listen, "--operations-listen", "127.0.0.1:0", .. setup.Flags,
            ],
            setup.Environment);
        try
        {
            using var endpoints = await Waiting.ForAsync(
                "Waiting for the silo to listen", process, _ => Task.FromResult(TryReadJson(endpointsFile)), StartPatience, cancellationToken);
            var gateway = new Uri(endpoints.RootElement.GetProperty("gateway").GetString()!);
            return new SiloProcess(
                process, setup, started, new IPEndPoint(IPAddress.Parse(gateway.Host), gateway.Port),
                new Uri(endpoints.RootElement.GetProperty("operations").GetString()!), endpoints.RootElement.GetProperty("adminSocket").GetString()!);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until <c>/readyz</c> answers 200 and the trust bundle is published.</summary>
    public async Task UntilReadyAsync(CancellationToken cancellationToken)
        => await Waiting.ForAsync(
            "Waiting for the silo to be ready", Process, async cancel => File.Exists(BundleFile) && await IsReadyAsync(cancel) ? this : null, StartPatience, cancellationToken);

    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri(Operations, "/readyz"), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // Not there yet, or too busy to answer in time.
            return false;
        }
    }

    /// <summary>One metric without labels, null when it is not exported.</summary>
    public async Task<double?> MetricAsync(string name, CancellationToken cancellationToken)
        => PrometheusSample.Find(await Http.GetStringAsync(new Uri(Operations, "/metrics"), cancellationToken), name);

    /// <summary>Where calls go: TLS, trusting the bundle that the silo published.</summary>
    public GrpcTarget Target() => new() { Address = Gateway, TrustPem = File.ReadAllText(BundleFile) };

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await Process.DisposeAsync();
    }

    private static JsonDocument? TryReadJson(string file)
    {
        try
        {
            return File.Exists(file) ? JsonDocument.Parse(File.ReadAllText(file)) : null;
        }
        catch (Exception failure) when (failure is IOException or JsonException)
        {
            // It is being written.
            return null;
        }
    }
}
