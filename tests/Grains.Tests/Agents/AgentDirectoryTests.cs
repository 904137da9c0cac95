using Microsoft.Extensions.Options;

namespace MeshGrains.Grains.Tests;

/// <summary>Which entries are an agent's, and when it has to look again. Who is an agent at all is tried over the whole path, with the issuance.</summary>
public sealed class AgentDirectoryTests : IAsyncDisposable
{
    private const string Agent = "spiffe://td.test/meshgrains/agent/n1";

    private readonly SiloParts _silo = new();
    private readonly MemoryRegistrations _registrations = new();
    private readonly RegistrationChanges _changes = new();
    private readonly AgentDirectory _directory;

    public AgentDirectoryTests() => _directory = new AgentDirectory(
        null!, _registrations, _silo.Denials, _changes, Options.Create(_silo.TrustDomain), _silo.Clock);

    public async ValueTask DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task An_agents_entries_are_those_under_it_whatever_is_denied()
    {
        _registrations.Entries.AddRange([Entry("a"), Entry("b") with { ParentId = Agent + "2" }, Entry("c") with { Selectors = [] }]);
        _silo.With(DenialKind.DeletedRegistration, "a");
        await _silo.PushAsync();

        Assert.Equal(["a"], (await _directory.EntriesAsync(Agent, 10, default)).Select(entry => entry.Id));
    }

    [Fact]
    public async Task What_has_ended_or_is_denied_at_this_moment_is_left_out()
    {
        RegistrationEntry[] entries =
        [
            Entry("a"), Entry("quarantined"), Entry("deleted"), Entry("ends") with { ExpiresAt = _silo.Clock.GetUtcNow().AddSeconds(5) },
        ];
        Assert.Same(entries, _directory.Issuable(entries));

        _silo.With(DenialKind.QuarantinedIdentity, "spiffe://td.test/w/quarantined");
        _silo.With(DenialKind.DeletedRegistration, "deleted");
        await _silo.PushAsync();
        Assert.Equal(["a", "ends"], _directory.Issuable(entries).Select(entry => entry.Id));

        _silo.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(["a"], _directory.Issuable(entries).Select(entry => entry.Id));
    }

    [Fact]
    public async Task A_change_tells_whose_and_a_denial_concerns_all()
    {
        var (changed, denials) = (new List<string?>(), new List<long>());
        _directory.EntriesChanged += changed.Add;
        _directory.DenialsChanged += newest => denials.Add(newest.Number);

        _changes.Raise(Agent);
        _changes.Take(null);
        _silo.With(DenialKind.BannedAgent, Agent);
        await _silo.PushAsync();

        Assert.Equal([Agent, null], changed);
        Assert.Equal([1L], denials);
        Assert.Equal(1, _directory.DenialNumber);
    }

    [Fact]
    public async Task Tainted_authorities_are_one_list_for_all_agents_until_the_set_changes()
    {
        Assert.Empty(_directory.TaintedAuthorities);
        _silo.With(DenialKind.TaintedAuthority, "ca-2");
        _silo.With(DenialKind.TaintedAuthority, "ca-1");
        await _silo.PushAsync();
        var first = _directory.TaintedAuthorities;
        Assert.Equal(["ca-1", "ca-2"], first);
        Assert.Same(first, _directory.TaintedAuthorities);

        _silo.With(DenialKind.TaintedAuthority, "ca-3");
        await _silo.PushAsync();
        Assert.Equal(["ca-1", "ca-2", "ca-3"], _directory.TaintedAuthorities);
    }

    private static RegistrationEntry Entry(string id) => new(
        id, "td.test", $"spiffe://td.test/w/{id}", Agent, [new Selector("unix", "uid:1")], null, null, [], null, [], null, default, 1, "op");
}
