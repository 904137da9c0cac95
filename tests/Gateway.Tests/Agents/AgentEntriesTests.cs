using MeshGrains.Gateway.Agents;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Agents;

public sealed class AgentEntriesTests
{
    [Fact]
    public async Task Thousands_of_agents_that_come_back_ask_the_store_a_bounded_number_at_once()
    {
        var directory = new SlowDirectory();
        using var entries = new AgentEntries(directory);
        var reads = Enumerable.Range(0, 2000).Select(number => entries.ReadAsync($"a{number}", 10, default).AsTask()).ToList();

        Assert.Equal(32, directory.UnderWay);
        directory.Answer.SetResult();
        await Task.WhenAll(reads);
        Assert.Equal((2000, 32), (directory.Reads, directory.MostUnderWay));
    }

    [Fact]
    public async Task A_read_that_fails_or_is_given_up_gives_its_place_back()
    {
        var directory = new SlowDirectory();
        using var entries = new AgentEntries(directory);
        using var gone = new CancellationTokenSource();
        var taken = Enumerable.Range(0, 32).Select(number => entries.ReadAsync($"a{number}", 10, default).AsTask()).ToList();
        var waiting = entries.ReadAsync("late", 10, gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        directory.Answer.SetException(new IOException("The store is away."));
        foreach (var read in taken)
        {
            await Assert.ThrowsAsync<IOException>(() => read);
        }

        directory.Answer = new TaskCompletionSource();
        directory.Answer.SetResult();
        Assert.Empty(await entries.ReadAsync("next", 10, default));
    }

    private sealed class SlowDirectory : IAgentDirectory
    {
        private readonly Lock _gate = new();
        private int _underWay;

        public event Action<string?>? EntriesChanged
        {
            add { }
            remove { }
        }

        public event Action<DenialSnapshot>? DenialsChanged
        {
            add { }
            remove { }
        }

        public TaskCompletionSource Answer { get; set; } = new();

        public int UnderWay => _underWay;

        public int MostUnderWay { get; private set; }

        public int Reads { get; private set; }

        public long DenialNumber => 0;

        public IReadOnlyList<string> TaintedAuthorities => [];

        public async ValueTask<IReadOnlyList<RegistrationEntry>> EntriesAsync(string agentId, int limit, CancellationToken cancellationToken)
        {
            var now = Interlocked.Increment(ref _underWay);
            lock (_gate)
            {
                (Reads, MostUnderWay) = (Reads + 1, Math.Max(MostUnderWay, now));
            }

            try
            {
                await Answer.Task;
                return [];
            }
            finally
            {
                Interlocked.Decrement(ref _underWay);
            }
        }

        public ValueTask<(AgentStanding? Standing, Refusal? Refusal)> JudgeAsync(AuthenticatedCaller caller, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Refusal? Denied(AgentStanding standing) => null;

        public IReadOnlyList<RegistrationEntry> Issuable(IReadOnlyList<RegistrationEntry> entries) => entries;
    }
}
