using System.Collections.Immutable;

namespace MeshGrains.Agent.Domains;

/// <summary>The states of all trust domains as one: whoever serves waits for one change, whichever it is of. Readers never lock.</summary>
internal sealed class NodeState
{
    private readonly Lock _gate = new();
    private NodeSnapshot _current;

    /// <param name="domains">In the order in which they are served.</param>
    public NodeState(params ImmutableArray<ServedDomain> domains)
    {
        Domains = domains;
        _current = Newest();
        foreach (var domain in domains)
        {
            domain.State.Changed += Refresh;
        }

        // What changed meanwhile was told to nobody.
        Refresh();
    }

    /// <summary>In the order of a snapshot's.</summary>
    public ImmutableArray<ServedDomain> Domains { get; }

    public NodeSnapshot Current => Volatile.Read(ref _current);

    /// <summary>Null for a trust domain that this agent is not in.</summary>
    public ServedDomain? Find(string trustDomain) => Domains.FirstOrDefault(domain => domain.State.TrustDomain.Name == trustDomain);

    private NodeSnapshot Newest() => new([.. Domains.Select(domain => domain.State.Current)]);

    private void Refresh()
    {
        NodeSnapshot before;
        lock (_gate)
        {
            before = _current;
            var next = Newest();
            if (next.Domains.Zip(before.Domains).All(pair => ReferenceEquals(pair.First, pair.Second)))
            {
                return;
            }

            Volatile.Write(ref _current, next);
        }

        before.Supersede();
    }
}
