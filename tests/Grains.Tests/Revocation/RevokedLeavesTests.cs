using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

public sealed class RevokedLeavesTests
{
    private const string Domain = "td.test";
    private const string Agent = "spiffe://td.test/meshgrains/agent/n1";
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly HashSet<string> Both = ["ca-1", "ca-2"];

    private readonly MemoryLog _log = new(new Faults());
    private readonly MemoryRegistrations _registrations = new();
    private int _serial;

    [Fact]
    public async Task A_quarantined_identitys_live_certificates_are_on_the_lists_of_their_issuers()
    {
        var first = await IssueAsync("web", "ca-1");
        var second = await IssueAsync("web", "ca-2");
        await IssueAsync("web", "ca-3");
        await IssueAsync("web", "ca-1", ends: Now);
        await IssueAsync("db", "ca-1");

        var (lists, cut) = await FindAsync(Denied(DenialKind.QuarantinedIdentity, Id("web")));

        Assert.Equal([first], lists["ca-1"].Select(one => one.Serial));
        Assert.Equal(new RevokedCertificate(second, Now.AddMinutes(-1), CrlReason.CertificateHold), Assert.Single(lists["ca-2"]));
        Assert.False(cut);
    }

    [Fact]
    public async Task Of_a_banned_agent_it_is_its_own_and_what_went_to_its_workloads_through_it()
    {
        _registrations.Entries.Add(Entry("web"));
        var own = await IssueAsync("meshgrains/agent/n1", "ca-1", caller: "join:1");
        var through = await IssueAsync("web", "ca-1", caller: Agent);
        await IssueAsync("web", "ca-1", caller: "k8s:prod/web/web");

        var (lists, _) = await FindAsync(Denied(DenialKind.BannedAgent, Agent));

        Assert.Equal(new[] { own, through }.Order(), lists["ca-1"].Select(one => one.Serial).Order());
    }

    [Fact]
    public async Task What_was_denied_longer_ago_than_anything_lives_is_not_looked_for()
    {
        await IssueAsync("web", "ca-1");
        var (lists, _) = await FindAsync(Denied(DenialKind.QuarantinedIdentity, Id("web"), Now.AddHours(-72)));
        Assert.Empty(lists["ca-1"]);
    }

    [Fact]
    public async Task More_than_a_list_holds_is_told()
    {
        for (var i = 0; i <= CrlLimits.MaxLeaves; i++)
        {
            await IssueAsync("web", "ca-1");
        }

        var (lists, cut) = await FindAsync(Denied(DenialKind.QuarantinedIdentity, Id("web")));
        Assert.True(cut);
        Assert.Equal(CrlLimits.MaxLeaves, lists["ca-1"].Count);
    }

    private static string Id(string path) => $"spiffe://{Domain}/{path}";

    private static DenialSet Denied(DenialKind kind, string subject, DateTimeOffset? since = null) =>
        new(1, [new Denial(kind, subject, 1, "test", "operator", since ?? Now.AddMinutes(-1), "op")]);

    private static RegistrationEntry Entry(string id) =>
        new(id, Domain, Id(id), Agent, [new Selector("unix", "uid:1")], null, null, [], null, [], null, default, 1, "op");

    private async Task<(IReadOnlyDictionary<string, List<RevokedCertificate>> Lists, bool IsCut)> FindAsync(DenialSet denials) =>
        await new RevokedLeaves(_log, _registrations, Domain, TimeSpan.FromHours(72)).FindAsync(denials, Both, Now, default);

    private async Task<string> IssueAsync(string path, string issuer, DateTimeOffset? ends = null, string caller = "join:1")
    {
        var serial = $"{++_serial:x8}";
        await _log.AppendAsync(
            new IssuanceRecord(
                IssuanceRecordKind.X509Svid, Domain, serial, Id(path), issuer, Now.AddHours(-1), ends ?? Now.AddHours(1), "r", caller, "entry", Now.AddHours(-1), 1,
                new byte[32], Now.AddHours(-1)),
            default);
        return serial;
    }
}
