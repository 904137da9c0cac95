using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.KeyVaultEmulator;

/// <summary>
/// A strict emulator of Azure Key Vault's keys API (<c>https://{name}.vault.localhost:PORT</c>) and of its token authority
/// (<c>https://login.vault.localhost:PORT</c>), over TLS under a CA of its own. <c>https://control.vault.localhost:PORT</c> plans faults and
/// tells counts. Loopback only.
/// </summary>
public sealed class KeyVaultEmulatorHost : IAsyncDisposable
{
    private const string ControlHost = "control.vault.localhost";

    private static readonly JsonSerializerOptions ControlJson = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    private readonly WebApplication _app;
    private readonly EmulatorState _state;
    private readonly TokenAuthority _authority;
    private readonly EmulatedVaults _vaults;
    private readonly X509Certificate2 _server;

    private KeyVaultEmulatorHost(WebApplication app, EmulatorState state, TokenAuthority authority, EmulatedVaults vaults, X509Certificate2 server, string caPem, EmulatorFaults faults, EmulatorCalls calls)
    {
        _app = app;
        _state = state;
        _authority = authority;
        _vaults = vaults;
        _server = server;
        CaPem = caPem;
        Faults = faults;
        Calls = calls;
    }

    public int Port => _state.Port;

    /// <summary>The only root a client has to trust.</summary>
    public string CaPem { get; }

    public EmulatorFaults Faults { get; }

    public EmulatorCalls Calls { get; }

    public string TenantId => _state.TenantId;

    public string ClientId => _state.ClientId;

    public string ClientSecret => _state.ClientSecret;

    public Uri AuthorityHost => new($"https://{TokenAuthority.Host}:{Port}/");

    public Uri ControlUri => new($"https://{ControlHost}:{Port}/");

    /// <summary>What a client with a secret has in its environment.</summary>
    public IReadOnlyDictionary<string, string> ClientSecretEnvironment => new Dictionary<string, string>
    {
        ["AZURE_TENANT_ID"] = TenantId,
        ["AZURE_CLIENT_ID"] = ClientId,
        ["AZURE_CLIENT_SECRET"] = ClientSecret,
        ["AZURE_AUTHORITY_HOST"] = AuthorityHost.AbsoluteUri,
    };

    public static async Task<KeyVaultEmulatorHost> StartAsync(KeyVaultEmulatorOptions? options = null)
    {
        options ??= new KeyVaultEmulatorOptions();
        var state = EmulatorState.LoadOrCreate(options.DataFile);
        using var ca = EmulatorCertificates.LoadAuthority(state.AuthorityCertificate);
        var server = EmulatorCertificates.CreateServer(ca);
        var faults = new EmulatorFaults();
        var calls = new EmulatorCalls();
        var authority = new TokenAuthority(options, state, faults);
        var vaults = new EmulatedVaults(options, state, faults);
        var api = new VaultApi(vaults, authority, new Throttle(options), faults, calls, options.Time);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, options.Port != 0 ? options.Port : state.Port, listen => listen.UseHttps(server)));
        var app = builder.Build();
        var host = new KeyVaultEmulatorHost(app, state, authority, vaults, server, ca.ExportCertificatePem(), faults, calls);
        app.Run(context => context.Request.Host.Host switch
        {
            TokenAuthority.Host => host.AuthorizeAsync(context),
            ControlHost => host.ControlAsync(context),
            var name when name.EndsWith(".vault.localhost", StringComparison.Ordinal) => api.HandleAsync(context),
            _ => NotFound(context),
        });
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        state.Port = new Uri(address).Port;
        state.Save(options.DataFile);
        return host;
    }

    public Uri VaultUri(string name) => new($"https://{name}.vault.localhost:{Port}");

    /// <summary>A token for AZURE_FEDERATED_TOKEN_FILE.</summary>
    public string FederatedToken(TimeSpan? lifetime = null) => _authority.FederatedToken(lifetime ?? TimeSpan.FromHours(1));

    /// <summary>An access token for any audience, good or bad, to test the vault itself.</summary>
    public string AccessToken(string audience = TokenAuthority.Audience, TimeSpan? lifetime = null) =>
        _authority.AccessToken(audience, lifetime ?? TimeSpan.FromHours(1));

    /// <summary>Disables or enables a version; the newest when none is named.</summary>
    public void SetEnabled(string vault, string name, bool enabled, string? version = null) =>
        _vaults.Update($"{vault}.vault.localhost", name, version, enabled);

    public async ValueTask DisposeAsync()
    {
        using (var now = new CancellationTokenSource())
        {
            await now.CancelAsync();
            await _app.StopAsync(now.Token);
        }

        await _app.DisposeAsync();
        _authority.Dispose();
        _server.Dispose();
    }

    internal Task WaitAsync() => ((IHost)_app).WaitForShutdownAsync();

    private static Task NotFound(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
        return Task.CompletedTask;
    }

    private async Task AuthorizeAsync(HttpContext context)
    {
        if (context.Request.Path.Value!.EndsWith("/token", StringComparison.Ordinal))
        {
            Calls.Add("token");
        }

        if (Faults.TokenLatency > TimeSpan.Zero)
        {
            await Task.Delay(Faults.TokenLatency, context.RequestAborted);
        }

        switch (Faults.Take("token", tokenAuthority: true))
        {
            case null:
                await _authority.HandleAsync(context);
                break;
            case (EmulatorFault.Drop or EmulatorFault.LoseReply, _):
                context.Abort();
                break;
            case (EmulatorFault.Hang, _):
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
                break;
            case (EmulatorFault.Throttle, _):
                context.Response.StatusCode = 429;
                break;
            default:
                context.Response.StatusCode = 503;
                break;
        }
    }

    /// <summary>GET /calls; DELETE /calls; POST /faults with {fault, times, operation, retryAfterSeconds}; DELETE /faults.</summary>
    private async Task ControlAsync(HttpContext context)
    {
        switch (context.Request.Method, context.Request.Path.Value)
        {
            case ("GET", "/calls"):
                await context.Response.WriteAsJsonAsync(Calls.Snapshot());
                break;
            case ("DELETE", "/calls"):
                Calls.Clear();
                break;
            case ("POST", "/faults"):
                var fault = await context.Request.ReadFromJsonAsync<FaultRequest>(ControlJson);
                Faults.Plan(fault!.Fault, fault.Times, fault.Operation, fault.RetryAfterSeconds);
                break;
            case ("DELETE", "/faults"):
                Faults.Clear();
                break;
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }
    }
}
