using System.Globalization;

namespace MeshGrains.Agent.Workloads;

/// <summary>
/// Tells <c>unix:uid</c>, <c>gid</c>, <c>user</c>, <c>group</c>, <c>supplementary_gid</c>, <c>supplementary_group</c>, <c>path</c> and <c>sha256</c> of a process. Everything is
/// read under its number, and then the handle is asked whether that process is still the one: if so, the number was its own all the while.
/// </summary>
internal sealed class UnixAttestor(WorkloadOptions options, Accounts accounts, string proc = "/proc") : IDisposable
{
    private const string Prefix = "unix:";
    private readonly ExecutableHashes _hashes = new(options.MaxExecutableBytes);

    public async Task<Attestation> AttestAsync(PeerProcess peer, CancellationToken cancellationToken)
    {
        var (status, failed) = Look(peer);
        if (status is null)
        {
            return failed!;
        }

        HashSet<string> selectors;
        try
        {
            selectors = Of(status);
            if (options.Executables)
            {
                await AddExecutableAsync(FolderOf(peer), selectors, cancellationToken);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Unreadable(peer, failure.Message);
        }

        return Changed(peer) ?? Attestation.Of(selectors);
    }

    /// <summary>
    /// Null when the process is the one that connected: alive, with its user and group, and running what it ran then. One that became another program handed its connection
    /// on, or left it to a child: neither of the two has a claim to what the other one is.
    /// </summary>
    public Attestation? Changed(PeerProcess peer) => Look(peer).Failed;

    public void Dispose() => _hashes.Dispose();

    private (ProcessStatus? Status, Attestation? Failed) Look(PeerProcess peer)
    {
        if (peer.ProcessId <= 0)
        {
            return (null, Attestation.Failed("peer_unseen", "the caller is no process that the agent can see; the agent has to share its pid namespace or a parent of it"));
        }

        var folder = FolderOf(peer);
        ProcessStatus? status;
        try
        {
            status = ProcessStatus.Parse(File.ReadAllText(Path.Combine(folder, "status")));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return (null, Unreadable(peer, failure.Message));
        }

        if (!peer.IsAlive)
        {
            return (null, Gone(peer));
        }

        if (status is null)
        {
            return (null, Attestation.Failed("proc_unreadable", $"{folder}/status does not name user and groups"));
        }

        // Who connected is the kernel's word. A process that is another user's by now is another process, or has changed since.
        if (status.UserId != peer.UserId || status.GroupId != peer.GroupId)
        {
            return (null, Attestation.Failed(
                "credentials_changed", $"uid {peer.UserId} gid {peer.GroupId} connected, and pid {peer.ProcessId} has uid {status.UserId} gid {status.GroupId}; connect again"));
        }

        return options.Executables && FileIdentity.Of(Path.Combine(folder, "exe")) is { } running && peer.Executable?.IsSameFileAs(running) != true && peer.IsAlive
            ? (null, Attestation.Failed("executable_changed", $"pid {peer.ProcessId} runs another program than when it connected; connect again"))
            : (status, null);
    }

    private static Attestation Unreadable(PeerProcess peer, string message) => peer.IsAlive ? Attestation.Failed("proc_unreadable", message) : Gone(peer);

    private static Attestation Gone(PeerProcess peer) =>
        Attestation.Failed("peer_gone", $"the process that connected as pid {peer.ProcessId} has ended; whoever holds its connection is another one");

    private string FolderOf(PeerProcess peer) => Path.Combine(proc, peer.ProcessId.ToString(CultureInfo.InvariantCulture));

    private HashSet<string> Of(ProcessStatus status)
    {
        var selectors = new HashSet<string>(StringComparer.Ordinal)
        {
            string.Create(CultureInfo.InvariantCulture, $"{Prefix}uid:{status.UserId}"),
            string.Create(CultureInfo.InvariantCulture, $"{Prefix}gid:{status.GroupId}"),
        };
        AddName("user", accounts.UserName(status.UserId));
        AddName("group", accounts.GroupName(status.GroupId));
        foreach (var group in status.SupplementaryGroups)
        {
            selectors.Add(string.Create(CultureInfo.InvariantCulture, $"{Prefix}supplementary_gid:{group}"));
            AddName("supplementary_group", accounts.GroupName(group));
        }

        return selectors;

        void AddName(string kind, string? name)
        {
            if (!string.IsNullOrEmpty(name))
            {
                selectors.Add($"{Prefix}{kind}:{name}");
            }
        }
    }

    /// <summary>What may not be looked at is left out: fewer selectors never grant more.</summary>
    private async Task AddExecutableAsync(string folder, HashSet<string> selectors, CancellationToken cancellationToken)
    {
        var link = Path.Combine(folder, "exe");
        try
        {
            if (new FileInfo(link).LinkTarget is { Length: > 0 } path)
            {
                selectors.Add($"{Prefix}path:{path}");
            }

            // Through the link of the kernel, which is the running file itself, whatever lies under its name by now.
            if (await _hashes.OfAsync(link, cancellationToken) is { } hash)
            {
                selectors.Add($"{Prefix}sha256:{hash}");
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A kernel thread, another user's process for an agent without the right, or a process that has just ended: the handle tells.
        }
    }
}
