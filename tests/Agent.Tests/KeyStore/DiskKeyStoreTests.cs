using System.Text;
using MeshGrains.Agent.KeyStore;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests.KeyStore;

public sealed class DiskKeyStoreTests : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly Clues<DiskKeyStore> _clues = new();
    private readonly TestIssuer _issuer = new();

    public void Dispose()
    {
        _issuer.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void The_agents_identity_is_kept_until_it_is_forgotten()
    {
        using var key = new SvidKey();
        var svid = new Svid { SpiffeId = "spiffe://test.mesh/meshgrains/agent/a", BundleNumber = 7, Chain = { Google.Protobuf.ByteString.CopyFrom(1, 2, 3) } };
        using var store = Open();
        Assert.Null(store.LoadIdentity());
        store.SaveIdentity(svid, key);

        using (var again = Open())
        {
            var (kept, keptKey) = again.LoadIdentity()!.Value;
            using (keptKey)
            {
                Assert.Equal(svid, kept);
                Assert.Equal(key.ExportPkcs8(), keptKey.ExportPkcs8());
            }

            again.ForgetIdentity();
        }

        Assert.Null(store.LoadIdentity());
        Assert.Empty(_clues.Lines);
    }

    [Fact]
    public void The_state_is_kept_whole_and_no_key_lies_there_in_clear()
    {
        var snapshot = State().Current;
        using var store = Open();
        store.SaveState(snapshot);

        using var again = Open();
        var saved = again.LoadState()!;

        Assert.Equal(_time.GetUtcNow(), saved.WrittenAt);
        Assert.Equal(snapshot.DenialNumber, saved.DenialNumber);
        Assert.Equal("tainted", Assert.Single(saved.TaintedAuthorities));
        var bundle = Assert.Single(saved.Bundles);
        Assert.Equal((3, snapshot.OwnBundle!.Pem), (bundle.Number, bundle.Pem));
        var entry = Assert.Single(saved.Entries);
        var expected = snapshot.Entries.Entries["e1"];
        Assert.Equal((expected.Id, expected.SpiffeId, expected.Hint, expected.CreatedAt, expected.Revision), (entry.Id, entry.SpiffeId, entry.Hint, entry.CreatedAt, entry.Revision));
        Assert.Equal(expected.Selectors, entry.Selectors.AsEnumerable());
        Assert.Equal(expected.FederatesWith, entry.FederatesWith.AsEnumerable());
        var (svid, held) = (Assert.Single(saved.Svids), snapshot.Svids["e1"]);
        Assert.Equal((held.EntryId, held.SpiffeId, held.IssuerAuthorityId, held.NotAfter, held.RenewAt), (svid.EntryId, svid.SpiffeId, svid.IssuerAuthorityId, svid.NotAfter, svid.RenewAt));
        Assert.Equal(held.ChainDer, svid.ChainDer);
        Assert.Equal(held.Key, svid.Key);
        foreach (var file in Directory.GetFiles(_folder.File("store")))
        {
            var bytes = File.ReadAllBytes(file);
            Assert.True(bytes.AsSpan().IndexOf(held.Key.AsSpan(30, 16)) < 0, file);
            Assert.DoesNotContain("spiffe://", Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Revocation_lists_are_kept_and_put_back_but_for_those_that_have_ended()
    {
        var (ca, state, now) = (new MeshCa(TestIssuer.Domain.Name), State(), _time.GetUtcNow());
        state.Apply(new AgentUpdate { RevocationLists = ca.Lists(now.AddHours(1)) });
        using var store = Open();
        store.SaveState(state.Current);
        var saved = store.LoadState()!;
        Assert.True(saved.Crls!.HasListsOf(state.Current.Crls!));

        var next = new AgentState(TestIssuer.Domain, _issuer.Bundle(0));
        next.Restore(saved, now.AddHours(1), bootstrapIsNewer: false);
        Assert.Single(next.Current.Crls!.Lists);
    }

    [Fact]
    public void A_changed_file_is_told_of_and_passed_over()
    {
        using var store = Open();
        store.SaveState(State().Current);
        var file = Path.Combine(_folder.File("store"), DiskKeyStore.StateFile);
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);

        Assert.Null(store.LoadState());
        Assert.Contains(_clues.Lines, line => line.Contains($"{file} cannot be used", StringComparison.Ordinal) && line.Contains("it was changed", StringComparison.Ordinal));
    }

    [Fact]
    public void A_seal_key_elsewhere_is_used_and_another_one_refuses()
    {
        using (var first = Open(_folder.File("first.key")))
        {
            first.SaveState(State().Current);
        }

        using var second = Open(_folder.File("second.key"));
        Assert.Null(second.LoadState());
        Assert.Contains(_clues.Lines, line => line.Contains("under another seal key", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(_folder.File("store"), DiskKeyStore.DefaultSealKey)));
        using var again = Open(_folder.File("first.key"));
        Assert.NotNull(again.LoadState());
    }

    [Fact]
    public void A_directory_that_others_may_look_into_stops_the_start()
    {
        Directory.CreateDirectory(_folder.File("store"));
        File.SetUnixFileMode(_folder.File("store"), (UnixFileMode)Convert.ToInt32("750", 8));

        Assert.Contains("chmod 0700", Assert.Throws<MeshGrains.Silo.ConfigurationException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_ended_and_what_has_no_entry_is_not_put_back()
    {
        var now = _time.GetUtcNow();
        var entry = new AgentEntry("e1", "spiffe://test.mesh/a", ["unix:uid:0"], "", [], 1, 1);
        var live = _issuer.Svid("e1", "spiffe://test.mesh/a", now, now.AddMinutes(5));
        var saved = new SavedState(
            [entry, entry with { Id = "e2" }, entry with { Id = "e3" }],
            [live, live with { EntryId = "e2", NotAfter = now }, live with { EntryId = "e3", SpiffeId = "spiffe://test.mesh/b" }, live with { EntryId = "e4" }],
            [_issuer.Bundle(9)], [], 4, now);
        var state = new AgentState(TestIssuer.Domain, _issuer.Bundle(0));

        Assert.Equal((1, 1), state.Restore(saved, now, bootstrapIsNewer: false));
        Assert.Equal(["e1"], state.Current.Svids.Keys);
        Assert.Equal(3, state.Current.Entries.Entries.Count);
        Assert.True(state.Current.IsSynced);
        Assert.Equal((9, 4), (state.Current.BundleNumber, state.Current.DenialNumber));
    }

    [Fact]
    public void Roots_that_an_operator_put_there_since_count_before_those_that_were_kept()
    {
        using var other = new TestIssuer("begun anew");
        var saved = new SavedState([], [], [_issuer.Bundle(9)], [], 4, _time.GetUtcNow());

        var (same, newer, older) = (Of(_issuer), Of(other), Of(other));
        same.Restore(saved, _time.GetUtcNow(), bootstrapIsNewer: true);
        newer.Restore(saved, _time.GetUtcNow(), bootstrapIsNewer: true);
        older.Restore(saved, _time.GetUtcNow(), bootstrapIsNewer: false);

        Assert.Equal((9, 0, 9), (same.Current.BundleNumber, newer.Current.BundleNumber, older.Current.BundleNumber));
        static AgentState Of(TestIssuer bootstrap) => new(TestIssuer.Domain, bootstrap.Bundle(0));
    }

    private AgentState State()
    {
        var now = _time.GetUtcNow();
        var state = new AgentState(TestIssuer.Domain, _issuer.Bundle(0));
        state.Apply(new AgentUpdate
        {
            Number = 1, DenialNumber = 12, TaintedAuthorityIds = { "tainted" },
            Entries =
            {
                new Entry
                {
                    Id = "e1", SpiffeId = "spiffe://test.mesh/a", Hint = "internal", CreatedAt = 5, Revision = 6, FederatesWith = { "other.mesh" },
                    Selectors = { new Selector { Type = "unix", Value = "uid:0" }, new Selector { Type = "k8s", Value = "pod-label:a:b" } },
                },
            },
            Bundles = { new Bundle { TrustDomain = "test.mesh", Number = 3, X509Authorities = { Google.Protobuf.ByteString.CopyFrom(_issuer.Root.Span) } } },
        });
        state.Put([_issuer.Svid("e1", "spiffe://test.mesh/a", now, now.AddHours(1))]);
        return state;
    }

    private DiskKeyStore Open(string sealKey = "") =>
        new(new KeyStoreOptions { Mode = KeyStoreOptions.Disk, Directory = _folder.File("store"), SealKeyFile = sealKey }, TestIssuer.Domain, _time, _clues);
}
