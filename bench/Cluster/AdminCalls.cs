using System.Diagnostics;
using System.Net;

namespace MeshGrains.Bench;

/// <summary>
/// An operator's calls beside the load: entries registered and read back, identities quarantined, lists read, each at the next silo in turn. A call that is not
/// answered within 5 s, or with 503, is made again at the silo after, three times at most.
/// </summary>
internal sealed class AdminCalls : IAsyncDisposable
{
    private const int QuarantineEvery = 4;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);
    private const int Attempts = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly MeshCluster _cluster;
    private readonly string _folder;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private readonly Lock _gate = new();
    private readonly List<string> _registered = [];
    private readonly List<string> _quarantined = [];
    private readonly List<(long At, string Why)> _failures = [];
    private int _silo;
    private int _calls;

    /// <param name="cluster">Whose silos are asked.</param>
    /// <param name="folder">The first part of the identities' paths.</param>
    public AdminCalls(MeshCluster cluster, string folder)
    {
        (_cluster, _folder) = (cluster, folder);
        Began = Stopwatch.GetTimestamp();
        _running = Task.Run(CallAsync);
    }

    /// <summary>A tick of <see cref="Stopwatch"/>.</summary>
    public long Began { get; }

    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Identities whose registration was acknowledged.</summary>
    public IReadOnlyList<string> Registered => Copy(_registered);

    /// <summary>Identities whose quarantine was acknowledged.</summary>
    public IReadOnlyList<string> Quarantined => Copy(_quarantined);

    /// <summary>Calls that were not answered well in time, and the last answer to each.</summary>
    public IReadOnlyList<(long At, string Why)> Failures => Copy(_failures);

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task CallAsync()
    {
        for (var round = 0; !_stop.IsCancellationRequested; round++)
        {
            var identity = $"spiffe://{SiloSetup.TrustDomain}/{_folder}/{round}";
            if (await AskAsync($"register {identity}", admin => RegisterAsync(admin, identity)))
            {
                Add(_registered, identity);
            }

            await AskAsync("list entries", async admin => (await admin.GetAsync("entries?limit=100", _stop.Token)).Dispose());
            if (round % QuarantineEvery == 0 && await AskAsync($"quarantine {identity}", admin => admin.QuarantineAsync(identity, _stop.Token)))
            {
                Add(_quarantined, identity);
            }

            await AskAsync("list denials", admin => admin.DeniedAsync(_stop.Token));
            await Pausing.ForAsync(Pace, _stop.Token);
        }
    }

    /// <summary>An entry that is there already was made by an earlier attempt whose answer was lost: no other has its identity.</summary>
    private async Task RegisterAsync(AdminClient admin, string identity)
    {
        try
        {
            await admin.CreateEntryAsync(identity, _stop.Token);
        }
        catch (HttpRequestException refused) when (refused.StatusCode == HttpStatusCode.Conflict)
        {
        }
    }

    /// <summary>False when it failed, or when everything ends.</summary>
    private async Task<bool> AskAsync(string what, Func<AdminClient, Task> call)
    {
        Interlocked.Increment(ref _calls);
        var why = "no silo has an administration socket";
        for (var attempt = 1; attempt <= Attempts && !_stop.IsCancellationRequested; attempt++)
        {
            await Pausing.ForAsync(ClientRules.WaitBefore(attempt, Random.Shared.NextDouble()), _stop.Token);
            if (Next() is not { Endpoints.AdminSocket: { } socket } silo)
            {
                continue;
            }

            try
            {
                using var admin = new AdminClient(socket, Patience);
                await call(admin);
                return true;
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or IOException)
            {
                why = $"{what} at {silo.Name}, attempt {attempt}: {(failure is OperationCanceledException ? $"no answer within {Patience.TotalSeconds:0} s" : failure.Message)}";
                if (failure is HttpRequestException { StatusCode: { } status } && status < HttpStatusCode.InternalServerError)
                {
                    break;
                }
            }
        }

        if (!_stop.IsCancellationRequested)
        {
            Add(_failures, (Stopwatch.GetTimestamp(), why));
        }

        return false;
    }

    private ClusterMember? Next()
    {
        var silos = _cluster.Silos.Where(silo => silo.Endpoints?.AdminSocket is not null).ToArray();
        return silos.Length == 0 ? null : silos[_silo++ % silos.Length];
    }

    private void Add<T>(List<T> list, T one)
    {
        lock (_gate)
        {
            list.Add(one);
        }
    }

    private T[] Copy<T>(List<T> list)
    {
        lock (_gate)
        {
            return [.. list];
        }
    }
}
