using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Relay;

/// <summary><c>relay.silos</c> and the lines of <c>relay.silosFile</c>, which is read again when it changes. Lines that begin with <c>#</c> are skipped.</summary>
internal sealed class ConfiguredRelayTargets(IOptions<RelayOptions> options, ILogger<ConfiguredRelayTargets> logger) : IRelayTargets
{
    private const int MaxFileBytes = 256 * 1024;

    private (DateTime Written, long Length) _stamp;
    private IReadOnlyList<string> _fromFile = [];

    public async ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        var path = options.Value.SilosFile;
        if (path.Length > 0)
        {
            var file = new FileInfo(path);
            var stamp = file.Exists ? (file.LastWriteTimeUtc, file.Length) : throw new FileNotFoundException($"relay.silosFile: {path} does not exist.");
            if (stamp != _stamp)
            {
                if (file.Length > MaxFileBytes)
                {
                    throw new IOException($"relay.silosFile: {path} is larger than {MaxFileBytes} bytes.");
                }

                _fromFile = Read(await File.ReadAllLinesAsync(path, cancellationToken));
                _stamp = stamp;
            }
        }

        return [.. options.Value.Silos.Concat(_fromFile).Distinct(StringComparer.OrdinalIgnoreCase).Take(RelayAddress.MostSilos)];
    }

    private List<string> Read(string[] lines)
    {
        var addresses = new List<string>();
        foreach (var line in lines.Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#'))
        {
            if (RelayAddress.TryParse(line, out _, out _))
            {
                addresses.Add(line);
            }
            else
            {
                RelayLog.BadSiloLine(logger, line.Length <= 100 ? line : line[..100]);
            }
        }

        return addresses;
    }
}
