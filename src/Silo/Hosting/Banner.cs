using MeshGrains.Gateway;
using MeshGrains.Grains;
using MeshGrains.Keys;

namespace MeshGrains.Silo;

/// <summary>What a newcomer needs after the start: where to call, whom to trust, and a line that gets the first certificate.</summary>
internal static class Banner
{
    /// <summary>Set by the <c>mesh</c> script, so that the lines shown are the lines to type.</summary>
    private const string CommandVariable = "MESH_COMMAND";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task ShowAsync(
        TextWriter output, MeshConfiguration mesh, DataDirectory data, IServiceProvider services, CancellationToken cancellationToken)
    {
        var endpoints = services.GetRequiredService<GatewayEndpoints>();
        var issuers = services.GetRequiredService<IssuerSource>();
        var issuer = await FirstIssuerAsync(issuers, services.GetRequiredService<TimeProvider>(), cancellationToken);
        var keys = services.GetRequiredService<IKeyManager>();
        var meshctl = Environment.GetEnvironmentVariable(CommandVariable) is { Length: > 0 } command ? $"{command} ctl" : "meshctl";
        await output.WriteLineAsync($"""

            MeshGrains is up ({GrainHost.Name} grain host)
              trust domain   {mesh.TrustDomain}  (cluster {mesh.Cluster}, silo {mesh.Silo})
              gateway        https://{endpoints.Gateway}   gRPC: istio.v1.auth.IstioCertificateService; REST: /v1, /openapi/v1.json
              operations     {(endpoints.OperationsEndPoint is { } operations ? $"http://{operations}   /livez /readyz /metrics" : "off")}
              admin socket   {endpoints.AdminSocket ?? "off"}
              trust bundle   {data.BundlePem}   (SPIFFE JWKS: {data.BundleJson})
              root key       {keys.Scheme}:{(keys.IsProductionGrade ? "" : "   NOT FOR PRODUCTION: use azurekms: or pkcs11: there")}
              issuing CA     {(issuer is null ? $"none yet: {issuers.WaitingFor}" : $"{issuer.AuthorityId} until {issuer.NotAfter:u}")}

            Get the first certificate:
              {meshctl} svid fetch --data {data.Path} spiffe://{mesh.TrustDomain}/hello --out hello

            Ctrl-C stops.

            """);
        await output.FlushAsync(cancellationToken);
    }

    private static async Task<IssuerSnapshot?> FirstIssuerAsync(IssuerSource issuers, TimeProvider time, CancellationToken cancellationToken)
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnChanged(IssuerSnapshot? snapshot) => arrived.TrySetResult();
        issuers.Changed += OnChanged;
        try
        {
            if (issuers.Current is null)
            {
                await Task.WhenAny(arrived.Task, Task.Delay(Patience, time, cancellationToken));
            }

            return issuers.Current;
        }
        finally
        {
            issuers.Changed -= OnChanged;
        }
    }
}
