// Both grain hosts have this namespace.
global using Orleans;

using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Harness;

/// <summary>
/// The grains that administration talks to, as plain proxies: no class here is a grain, so that Orleans' generators leave them alone, and the same
/// fake serves under both hosts.
/// </summary>
internal sealed class FakeGrains(FakeRegistrations registrations)
{
    public static readonly DateTimeOffset Effective = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>Every call as <c>key.Method(arguments)</c>.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Thrown by the next calls when set.</summary>
    public Exception? Failure { get; set; }

    public List<Denial> Denials { get; } = [];

    /// <summary>The roster; what silos told of agents is in <see cref="Sightings"/>.</summary>
    public List<RosteredAgentView> Agents { get; } = [];

    public ConcurrentQueue<AgentSighting> Sightings { get; } = new();

    public ConcurrentQueue<AgentIssue> Issues { get; } = new();

    /// <summary>Why no SVID of an agent is recorded; empty when it is.</summary>
    public string Unrecorded { get; set; } = "";

    /// <summary>Whether there is a registration to evict.</summary>
    public bool Evicts { get; set; } = true;

    public JwtAuthorityList JwtAuthorities { get; set; } = new(
        [new JwtAuthorityInfo("k1", "ES256", AuthorityState.Active, DateTimeOffset.UnixEpoch, Effective, DateTimeOffset.UnixEpoch, 2, Effective, null, null)], null, null, null, null, null);

    /// <summary>What silos hold.</summary>
    public List<BundleHolder> Holders { get; } = [];

    /// <summary>What the rotation tells of itself.</summary>
    public RotationStatus Rotation { get; set; } = new(null, [], null, null);

    public List<IssuingCaView> IssuingCas { get; } =
        [new("ca1", "root1", "silo-1", IssuingCaState.Active, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(72), [0x30, 0x00], null)];

    public IGrainFactory Factory
    {
        get
        {
            var factory = DispatchProxy.Create<IGrainFactory, FactoryProxy>();
            ((FactoryProxy)(object)factory).Owner = this;
            return factory;
        }
    }

    private Task Call(string key, MethodInfo method, object?[] arguments)
    {
        if (method.DeclaringType == typeof(IAgentRosterGrain))
        {
            // The gateway calls it in the background too.
            return Roster(key, method, arguments);
        }

        Calls.Add($"{key}.{method.Name}({string.Join(", ", arguments.Select(one => one is RegistrationEntry or RegistrationTemplate ? one.GetType().Name : one))})");
        if (Failure is not null)
        {
            throw Failure;
        }

        if (method.DeclaringType == typeof(IFederationGrain) || method.DeclaringType == typeof(IFederationSetGrain))
        {
            return Federate(key, method, arguments);
        }

        return method.Name switch
        {
            nameof(ITrustDomainGrain.GetAsync) when method.DeclaringType == typeof(ITrustDomainGrain) => Task.FromResult(new TrustDomainView(
                "mesh.test", 7, 300,
                [new AuthorityView("root1", AuthorityState.Active, [0x30, 0x00], DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(10), "file:root/1")],
                JwtAuthorities: [new JwtAuthorityView("k1", "main", [], Effective), new JwtAuthorityView("k2", "elsewhere", [], Effective)])),
            nameof(ITrustDomainGrain.BundleNumberAsync) => Task.FromResult(7L),
            nameof(ITrustDomainGrain.StartRotationAsync) => Task.FromResult(Start((StartRotation)arguments[0]!)),
            nameof(ITrustDomainGrain.ChangeRotationAsync) => Task.FromResult(Rotation.Rotation
                ?? throw new GrainOperationException(RefusalCode.Conflict, "no_rotation", "No rotation of the root is under way.")),
            nameof(IJwtAuthorityGrain.ListAsync) when method.DeclaringType == typeof(IJwtAuthorityGrain) => Task.FromResult(JwtAuthorities),
            nameof(IJwtAuthorityGrain.RotateAsync) => Task.FromResult(JwtAuthorities),
            nameof(IJwtAuthorityGrain.TaintAsync) when method.DeclaringType == typeof(IJwtAuthorityGrain) => Task.FromResult(JwtAuthorities),
            nameof(IRotationGrain.StatusAsync) when method.DeclaringType == typeof(IRotationGrain) => Task.FromResult(Rotation),
            nameof(ITrustDomainGrain.PutTemplateAsync) => PutTemplate((RegistrationTemplate)arguments[0]!),
            nameof(ITrustDomainGrain.DeleteTemplateAsync) => Task.FromResult(registrations.Templates.Remove((string)arguments[0]!)),
            nameof(IClusterCaGrain.ListAsync) when method.DeclaringType == typeof(IClusterCaGrain) => Task.FromResult(IssuingCas.ToImmutableArray()),
            nameof(IClusterCaGrain.TaintAsync) when method.DeclaringType == typeof(IClusterCaGrain) => Task.FromResult(Taint((string)arguments[0]!, (string)arguments[1]!)),
            nameof(IClusterCaGrain.TaintOverAsync) => Task.FromResult(TaintOver((TaintIssuingCa)arguments[0]!)),
            nameof(IDenialGrain.ReadAsync) => Task.FromResult(new DenialSet(Denials.Count, [.. Denials])),
            nameof(IDenialGrain.BundleHoldersAsync) => Task.FromResult(Holders.ToImmutableArray()),
            nameof(IDenialGrain.StatusAsync) => Task.FromResult(new DenialReceipt((long)arguments[0]!, Effective)),
            nameof(IWorkloadIdentityGrain.PutEntryAsync) => PutEntry((RegistrationEntry)arguments[0]!),
            nameof(IWorkloadIdentityGrain.DeleteEntryAsync) => Task.FromResult(registrations.Entries.Remove((string)arguments[0]!)),
            nameof(IWorkloadIdentityGrain.QuarantineAsync) => Task.FromResult(Quarantine(key, (string)arguments[0]!, (string)arguments[1]!)),
            nameof(IWorkloadIdentityGrain.ReleaseAsync) => Task.FromResult(new DenialReceipt(9, null)),
            nameof(IWorkloadIdentityGrain.AdmitNodeAsync) => Task.FromResult(Admit(key, (AdmitNode)arguments[0]!)),
            nameof(IWorkloadIdentityGrain.EvictAgentAsync) => Task.FromResult(Evicts ? new DenialReceipt(8, Effective) : null),
            nameof(IWorkloadIdentityGrain.BanAgentAsync) => Task.FromResult(Ban(key, (string)arguments[0]!, (string)arguments[1]!)),
            nameof(IWorkloadIdentityGrain.UnbanAgentAsync) => Task.FromResult(new DenialReceipt(9, null)),
            _ => throw new NotSupportedException(method.Name),
        };
    }

    private static RotationView Start(StartRotation command) => new(
        command.OperationId, RotationPhase.Prepare, "root1", "", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 0, null, false, false, command.Compromised,
        command.ReissueOverSeconds, false, [new(DateTimeOffset.UnixEpoch, RotationEventKind.Started, RotationPhase.Prepare, command.Actor, command.Reason)], null);

    private IssuingCaView Taint(string id, string reason)
    {
        var found = IssuingCas.FirstOrDefault(one => one.AuthorityId == id)
            ?? throw new GrainOperationException(RefusalCode.NotFound, "no_such_ca", "There is no such issuing CA.");
        return found with { State = IssuingCaState.Tainted, TaintReason = reason };
    }

    /// <summary>Relationships by the foreign trust domain's name.</summary>
    public Dictionary<string, FederationView> Relationships { get; } = new(StringComparer.Ordinal);

    /// <summary>What the last one was begun with.</summary>
    public PutFederation? Begun { get; private set; }

    private Task Federate(string key, MethodInfo method, object?[] arguments)
    {
        var foreign = key.Split('/')[^1];
        var view = Relationships.GetValueOrDefault(foreign);
        switch (method.Name)
        {
            case nameof(IFederationSetGrain.ListAsync):
                return Task.FromResult(new FederationList(1, [.. Relationships.Keys.Order(StringComparer.Ordinal).Select(name => new FederationMember(name, 1))]));
            case nameof(IFederationGrain.PutAsync):
                Begun = (PutFederation)arguments[0]!;
                return Task.FromResult(Relationships[foreign] = new FederationView(
                    foreign, Begun.Url, Begun.Profile, Begun.EndpointSpiffeId, false, DateTimeOffset.UnixEpoch, 7, 3, 300,
                    [new FederatedRoot("ab", DateTimeOffset.UnixEpoch, Effective)], 1, [], null, null, Effective, null, null, null, 0));
            case nameof(IFederationGrain.DeleteAsync):
                return Task.FromResult(Relationships.Remove(foreign));
            case nameof(IFederationGrain.KeysAsync):
                return Task.FromResult(view is null ? null : new FederatedKeys(view.Number, "{\"keys\":[]}"u8.ToArray()));
            default:
                return Task.FromResult(view);
        }
    }

    /// <summary>The latest taint with a time.</summary>
    public TaintIssuingCa? Tainted { get; private set; }

    private IssuingCaView TaintOver(TaintIssuingCa taint)
    {
        Tainted = taint;
        return Taint(taint.AuthorityId, taint.Reason);
    }

    private DenialReceipt Quarantine(string key, string reason, string actor)
    {
        Denials.Add(new Denial(DenialKind.QuarantinedIdentity, key, Denials.Count + 1, reason, actor, DateTimeOffset.UnixEpoch, "op"));
        return new DenialReceipt(Denials.Count, Effective);
    }

    private Task Roster(string key, MethodInfo method, object?[] arguments) => method.Name switch
    {
        nameof(IAgentRosterGrain.IssuedAsync) => Task.FromResult(Record((ImmutableArray<AgentIssue>)arguments[0]!)),
        nameof(IAgentRosterGrain.ReportAsync) => Report((ImmutableArray<AgentSighting>)arguments[0]!),
        nameof(IAgentRosterGrain.EvictedAsync) => Task.FromResult(Agents.Exists(agent => agent.AgentId == (string)arguments[0]!)),
        nameof(IAgentRosterGrain.FindAsync) => Task.FromResult(Agents.Find(agent => agent.AgentId == (string)arguments[0]!)),
        nameof(IAgentRosterGrain.ListAsync) => Task.FromResult(
            Agents.Where(agent => key == AgentRosterShards.Key("mesh.test", AgentRosterShards.Of(agent.AgentId))
                && string.CompareOrdinal(agent.AgentId, (string?)arguments[0]) > 0).OrderBy(agent => agent.AgentId, StringComparer.Ordinal)
            .Take((int)arguments[1]!).ToImmutableArray()),
        _ => throw new NotSupportedException(method.Name),
    };

    private static RegistrationEntry Admit(string key, AdmitNode node) => new(
        node.EntryId, "mesh.test", key, node.ParentId, node.Selectors, null, null, [], null, [], node.ExpiresAt, DateTimeOffset.UnixEpoch, 1, node.OperationId);

    private DenialReceipt Ban(string key, string reason, string actor)
    {
        Denials.Add(new Denial(DenialKind.BannedAgent, key, Denials.Count + 1, reason, actor, DateTimeOffset.UnixEpoch, "op"));
        return new DenialReceipt(Denials.Count, Effective);
    }

    private ImmutableArray<string> Record(ImmutableArray<AgentIssue> issues)
    {
        foreach (var issue in issues)
        {
            Issues.Enqueue(issue);
        }

        return [.. issues.Select(_ => Unrecorded)];
    }

    private Task Report(ImmutableArray<AgentSighting> sightings)
    {
        foreach (var sighting in sightings)
        {
            Sightings.Enqueue(sighting);
        }

        return Task.CompletedTask;
    }

    private async Task<RegistrationEntry> PutEntry(RegistrationEntry entry)
    {
        await registrations.PutEntryAsync(entry, CancellationToken.None);
        return entry;
    }

    private async Task<RegistrationTemplate> PutTemplate(RegistrationTemplate template)
    {
        await registrations.PutTemplateAsync(template, CancellationToken.None);
        return template;
    }

#pragma warning disable CA1852 // DispatchProxy derives from these at run time.
    internal class FactoryProxy : DispatchProxy
    {
        public FakeGrains Owner { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            if (targetMethod is not { Name: "GetGrain", IsGenericMethod: true } || args is not [string key, ..])
            {
                throw new NotSupportedException(targetMethod?.Name);
            }

            var create = typeof(DispatchProxy).GetMethods().Single(method => method is { Name: "Create", IsGenericMethod: true })
                .MakeGenericMethod(targetMethod.GetGenericArguments()[0], typeof(GrainProxy));
            var grain = (GrainProxy)create.Invoke(null, null)!;
            (grain.Owner, grain.Key) = (Owner, key);
            return grain;
        }
    }

    internal class GrainProxy : DispatchProxy
    {
        public FakeGrains Owner { get; set; } = null!;

        public string Key { get; set; } = "";

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Owner.Call(Key, targetMethod!, args ?? []);
    }
#pragma warning restore CA1852
}
