using System.Security.Cryptography;
using MeshGrains.Gateway;
using MeshGrains.Gateway.Relay;
using MeshGrains.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MeshGrains.Silo.Tests;

/// <summary>A gateway as <c>meshgrains gateway</c> runs it, in this process, in front of a silo; its clients use the silo's bundle and the silo's operator socket.</summary>
internal sealed class RunningFront : SiloClient
{
    private readonly GatewayApplication _application;

    private RunningFront(GatewayApplication application, GatewayEndpoints endpoints, SiloClient silo, string adminSocket)
        : base(silo.Data, new Uri($"https://localhost:{endpoints.Gateway!.Port}"), new Uri($"http://{endpoints.OperationsEndPoint}"), adminSocket) =>
        _application = application;

    protected override string GatewayPath => "/meshgrains/gateway/edge-1";

    public IServiceProvider Services => _application.Services;

    /// <summary>Stops as on SIGTERM.</summary>
    public Task StopAsync()
    {
        Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        return Services.GetRequiredService<IHost>().StopAsync();
    }

    /// <summary>Where a silo that was started with <c>relay.listen</c> takes relayed calls.</summary>
    public static string RelayOf(RunningSilo silo) => silo.Services.GetRequiredService<GatewayEndpoints>().Relay!.ToString();

    /// <summary>Starts with a bootstrap certificate by the silo's own bootstrap CA and waits until it is ready.</summary>
    public static async Task<RunningFront> StartAsync(RunningSilo silo, string data, params string[] settings)
    {
        Certify(silo.Data, data, BootstrapNames.GatewayRole, "edge-1");
        var front = await StartUnreadyAsync(silo, data, settings);
        await front.ReadyAsync(withTemplates: false);
        return front;
    }

    public static async Task<RunningFront> StartUnreadyAsync(RunningSilo silo, string data, params string[] settings)
    {
        string[] flags =
        [
            $"data={data}", $"trustDomain={TrustDomain}", "gateway.listen=127.0.0.1:0", "gateway.operationsListen=127.0.0.1:0", "telemetry.logLevel=Error",
            "relay.probeInterval=200ms", "gateway.drainDelay=0s", .. settings,
        ];
        var configuration = ConfigurationLoader.Load(null, [], flags.Select(flag => flag.Split('=', 2)).Select(pair => (pair[0], pair[1], "test")));
        var application = GatewayApplication.Build(configuration);
        try
        {
            await application.StartAsync(CancellationToken.None);
            return new RunningFront(
                application, application.Services.GetRequiredService<GatewayEndpoints>(), silo, silo.Services.GetRequiredService<GatewayEndpoints>().AdminSocket!);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes bootstrap files for <paramref name="data"/> with the bootstrap CA of <paramref name="siloData"/>.</summary>
    public static void Certify(string siloData, string data, string role, string name)
    {
        string Anchor(string file) => File.ReadAllText(Path.Combine(siloData, "bootstrap", file));
        using var authority = BootstrapAuthority.Load(TrustDomain, Anchor("ca.pem"), Anchor("ca.key"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var der = authority.Issue(
            role, name, key.ExportSubjectPublicKeyInfo(), ["localhost"], TimeSpan.FromHours(1), new RandomSerialSource(), DateTimeOffset.UtcNow);
        var folder = Directory.CreateDirectory(Path.Combine(data, "bootstrap")).FullName;
        File.WriteAllText(Path.Combine(folder, "ca.pem"), Anchor("ca.pem"));
        File.WriteAllText(Path.Combine(folder, "silo.pem"), PemWriter.EncodeCertificate(der));
        File.WriteAllText(Path.Combine(folder, "silo.key"), key.ExportPkcs8PrivateKeyPem());
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _application.DisposeAsync();
    }
}
