using System.Text;
using MeshGrains.Gateway;
using MeshGrains.Grains;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Silo;

/// <summary>
/// Keeps <c>bundle.pem</c> and <c>bundle.json</c> (SPIFFE JWKS) in the data directory at the bundle that this silo delivers. The silo is not ready
/// before they were tried for the first time: whoever waited for readiness reads them next.
/// </summary>
internal sealed partial class TrustBundleFiles(IssuerSource issuers, DataDirectory data, ILogger<TrustBundleFiles> logger) : IHostedService, IReadinessCheck
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly Lock _gate = new();
    private long _written = -1;
    private volatile bool _tried;

    public string Name => "bundle-files";

    public string? NotReadyReason => _tried ? null : "The trust bundle's files have not been written yet.";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        issuers.Changed += Write;
        Write(issuers.Current);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        issuers.Changed -= Write;
        return Task.CompletedTask;
    }

    private void Write(IssuerSnapshot? snapshot)
    {
        if (snapshot is null)
        {
            return;
        }

        lock (_gate)
        {
            if (snapshot.BundleNumber <= _written)
            {
                return;
            }

            try
            {
                DataDirectory.WriteAtomically(data.BundlePem, Encoding.ASCII.GetBytes(snapshot.BundlePem), Readable);
                DataDirectory.WriteAtomically(data.BundleJson, snapshot.Bundle.WriteJwks(), Readable);
                _written = snapshot.BundleNumber;
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
