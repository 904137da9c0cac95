using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Gateway.Acme;

/// <summary>Puts ACME into a host. The host brings an <see cref="IAcmeStore"/>; without one no certificate is ordered.</summary>
internal static class AcmeServices
{
    public static IServiceCollection AddAcme(this IServiceCollection services)
    {
        services.AddSingleton<AcmeCertificate>();
        services.AddSingleton<AcmeInstruments>();
        services.AddSingleton<AcmeTls>();
        services.AddSingleton<AcmeHttpListener>();
        services.AddHostedService<AcmeRenewal>();
        return services;
    }
}
