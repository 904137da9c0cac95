using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Silo;

/// <summary>
/// Keeps two living silos from running under one name. A row of the table alone proves no life (a killed silo's stays active for a while):
/// the other has to complete a TLS handshake, which a frozen process does not.
/// </summary>
internal sealed class SiloNames(string silo, ILocalSiloDetails local, SiloLinks links, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <exception cref="ConfigurationException">A silo of this name runs already.</exception>
    public async Task RequireFreeAsync(MembershipTableData table)
    {
        if (await FindOtherAsync(table, _ => true) is { } other)
        {
            throw new ConfigurationException(
                [$"A silo named '{silo}' runs already, at {other.SiloAddress.Endpoint} on {other.HostName}. Give this one a name of its own (key 'silo'), or stop the other."]);
        }
    }

    /// <summary>A living silo of this name that joined before this one; for two that started together, when neither saw the other.</summary>
    public Task<MembershipEntry?> FindElderAsync(MembershipTableData table) => FindOtherAsync(table, other =>
        table.TryGet(local.SiloAddress)?.Item1 is { } own
        && (other.StartTime, other.SiloAddress.ToString()).CompareTo((own.StartTime, own.SiloAddress.ToString())) < 0);

    private async Task<MembershipEntry?> FindOtherAsync(MembershipTableData table, Func<MembershipEntry, bool> counts)
    {
        foreach (var (entry, _) in table.Members)
        {
            if (entry is { Status: SiloStatus.Active or SiloStatus.Joining } && entry.SiloName == silo
                && !entry.SiloAddress.Endpoint.Equals(local.SiloAddress.Endpoint) && counts(entry) && await AnswersAsync(entry.SiloAddress.Endpoint))
            {
                return entry;
            }
        }

        return null;
    }

    private async Task<bool> AnswersAsync(IPEndPoint endPoint)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(endPoint, patience.Token);
            await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
            await tls.AuthenticateAsClientAsync(links.ClientOptions(), patience.Token);
            return true;
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            return false;
        }
    }
}
