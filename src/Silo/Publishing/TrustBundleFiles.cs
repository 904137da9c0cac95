using System.Text;
using MeshGrains.Gateway;
using MeshGrains.Gateway.Serving;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Silo;

/// <summary>
/// Keeps <c>bundle.pem</c> and <c>bundle.json</c> (SPIFFE JWKS) in the data directory at the bundle that this silo delivers. The silo is not ready
/// before they were tried for the first time: whoever waited for readiness reads them next. One that never issues gets the bundle from the others
/// and does not wait for it.
/// </summary>
internal sealed partial class TrustBundleFiles(IClientTrust trust, SiloRoles roles, DataDirectory data, ILogger<TrustBundleFiles> logger) : IHostedService, IReadinessCheck
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly Lock _gate = new();
    private ulong? _written;
    private volatile bool _tried;

    public string Name => "bundle-files";

    public string? NotReadyReason => _tried || !roles.Issuer ? null : "The trust bundle's files have not been written yet.";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        trust.Changed += Write;
        Write();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        trust.Changed -= Write;
        return Task.CompletedTask;
    }

    private void Write()
    {
        if (trust.Bundle is not { } bundle)
        {
            return;
        }

        lock (_gate)
        {
            if (bundle.Sequence <= _written)
            {
                return;
            }

            try
            {
                DataDirectory.WriteAtomically(data.BundlePem, Encoding.ASCII.GetBytes(bundle.ToPem()), Readable);
                DataDirectory.WriteAtomically(data.BundleJson, bundle.WriteJwks(), Readable);
                _written = bundle.Sequence;
            }
            catch (IOException failure)
            {
                LogNotWritten(logger, data.Path, failure.Message);
            }

            _tried = true;
        }
    }

    [LoggerMessage(EventId = 300, Level = LogLevel.Error, Message = "The trust bundle files in {Directory} could not be written: {Reason}")]
    private static partial void LogNotWritten(ILogger logger, string directory, string reason);
}
