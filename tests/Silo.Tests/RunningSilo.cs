using MeshGrains.Gateway;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Silo.Tests;

/// <summary>A whole silo in this process, on the grain host of the build, with real stores in a folder and free ports.</summary>
internal sealed class RunningSilo : SiloClient
{
    private readonly SiloApplication _application;

    private RunningSilo(SiloApplication application, GatewayEndpoints endpoints, string data)
        : base(
            data, new Uri($"https://localhost:{endpoints.Gateway!.Port}"), new Uri($"http://{endpoints.OperationsEndPoint}"), endpoints.AdminSocket!) =>
        _application = application;

    public IServiceProvider Services => _application.Services;

    /// <summary>What the process would end with.</summary>
    public int ExitCode => _application.ExitCode;

    /// <summary>Ends when the silo wants to stop.</summary>
    public CancellationToken Stopping => _application.Stopping;

    /// <summary>Starts with a Kubernetes source named <see cref="SiloClient.Source"/> and its usual template.</summary>
    public static async Task<RunningSilo> StartAsync(string data, KubernetesTokens? tokens = null, params string[] settings)
    {
        var silo = await StartUnreadyAsync(data, tokens, settings);
        await silo.ReadyAsync();
        return silo;
    }

    /// <summary>As <see cref="StartAsync"/>, but does not wait until issuance is ready.</summary>
    public static async Task<RunningSilo> StartUnreadyAsync(string data, KubernetesTokens? tokens = null, params string[] settings)
    {
        var flags = new List<string>
        {
            $"data={data}", $"trustDomain={TrustDomain}", "gateway.listen=127.0.0.1:0", "gateway.operationsListen=127.0.0.1:0", "telemetry.logLevel=Error",
        };
        if (tokens is not null)
        {
            Directory.CreateDirectory(data);
            flags.Add($"attestation.kubernetes.0.name={Source}");
            flags.Add($"attestation.kubernetes.0.issuer={tokens.Issuer}");
            flags.Add($"attestation.kubernetes.0.jwksFile={tokens.WriteJwks(Path.Combine(data, "jwks.json"))}");
            flags.Add($"templates.0.source={Source}");
            flags.Add("templates.0.pattern=spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}");
        }

        flags.AddRange(settings);
        var configuration = ConfigurationLoader.Load(null, [], flags.Select(flag => flag.Split('=', 2)).Select(pair => (pair[0], pair[1], "test")));
        var application = SiloApplication.Build(configuration);
        try
        {
            await application.StartAsync(CancellationToken.None);
            return new RunningSilo(application, application.Services.GetRequiredService<GatewayEndpoints>(), data);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _application.DisposeAsync();
    }

    protected override async Task<bool> TemplatesArrivedAsync()
    {
        var wanted = _application.TemplateCount;
        return wanted == 0 || (await Services.GetRequiredService<IRegistrationStore>().ListTemplatesAsync(TrustDomain, CancellationToken.None)).Count >= wanted;
    }
}
