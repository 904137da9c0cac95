using MeshGrains.Rpc.Envoy.Discovery;

namespace MeshGrains.Agent.Sds;

/// <summary>What one delta stream wants and has. A newly subscribed name is always answered, by its removal when there is none such.</summary>
internal sealed class DeltaSubscription
{
    private const string Everything = "*";

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _held = new(StringComparer.Ordinal);
    private readonly HashSet<string> _owed = new(StringComparer.Ordinal);
    private bool _begun;
    private bool _everything;

    public bool WantsAnything => _everything || _names.Count > 0 || _owed.Count > 0;

    /// <exception cref="Rpc.RpcException">RESOURCE_EXHAUSTED: too many names.</exception>
    public void Take(DeltaDiscoveryRequest request)
    {
        if (!_begun)
        {
            _begun = true;
            _everything = request.ResourceNamesSubscribe.Count == 0;
            foreach (var (name, version) in request.InitialResourceVersions)
            {
                _held[name] = version;
            }
        }
        else
        {
            // Asked for again on a standing stream: answered again, whatever it has.
            foreach (var name in request.ResourceNamesSubscribe)
            {
                _held.Remove(name);
            }
        }

        foreach (var name in request.ResourceNamesSubscribe)
        {
            if (name == Everything)
            {
                _everything = true;
                continue;
            }

            _names.Add(name);
            _owed.Add(name);
        }

        foreach (var name in request.ResourceNamesUnsubscribe)
        {
            if (name == Everything)
            {
                _everything = false;
                foreach (var forgotten in _held.Keys.Except(_names, StringComparer.Ordinal).ToList())
                {
                    _held.Remove(forgotten);
                }
            }

            _names.Remove(name);
            _owed.Remove(name);
            _held.Remove(name);
        }

        SecretSession.RequireBounded(_names.Concat(_held.Keys.Where(name => !_names.Contains(name))).Concat(_held.Values));
    }

    /// <summary>What it lacks of these secrets, and which names it has to forget. What is returned counts as held.</summary>
    public (IReadOnlyList<Resource> Changed, IReadOnlyList<string> Removed) Next(SecretSet secrets)
    {
        var changed = new List<Resource>();
        var removed = new List<string>();
        var wanted = _everything ? _names.Union(secrets.All).ToList() : _names.ToList();
        foreach (var name in wanted)
        {
            var secret = secrets.Find(name);
            var version = secret is null ? null : SecretSession.VersionOf(secret);
            if (secret is null)
            {
                if (_held.Remove(name) | _owed.Contains(name))
                {
                    removed.Add(name);
                }
            }
            else if (_held.GetValueOrDefault(name) != version)
            {
                _held[name] = version!;
                changed.Add(new Resource { Name = name, Version = version, Resource_ = secret });
            }
        }

        foreach (var gone in _held.Keys.Except(wanted, StringComparer.Ordinal).ToList())
        {
            _held.Remove(gone);
            removed.Add(gone);
        }

        _owed.Clear();
        return (changed, removed);
    }
}
