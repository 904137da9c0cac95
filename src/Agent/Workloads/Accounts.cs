using System.Globalization;

namespace MeshGrains.Agent.Workloads;

/// <summary>
/// Names of users and groups, out of <c>/etc/passwd</c> and <c>/etc/group</c> of the agent's own view; directories such as LDAP are not asked. Read again when a
/// file changes.
/// </summary>
internal sealed class Accounts(string passwd = "/etc/passwd", string group = "/etc/group")
{
    private readonly Table _users = new(passwd, 2);
    private readonly Table _groups = new(group, 2);

    public string? UserName(uint id) => _users.NameOf(id);

    public string? GroupName(uint id) => _groups.NameOf(id);

    public uint? UserId(string name) => _users.IdOf(name);

    public uint? GroupId(string name) => _groups.IdOf(name);

    private sealed class Table(string file, int idColumn)
    {
        private readonly Lock _gate = new();
        private DateTime _stamp;
        private Dictionary<uint, string> _names = [];
        private Dictionary<string, uint> _ids = new(StringComparer.Ordinal);

        public string? NameOf(uint id)
        {
            lock (_gate)
            {
                Refresh();
                return _names.GetValueOrDefault(id);
            }
        }

        public uint? IdOf(string name)
        {
            lock (_gate)
            {
                Refresh();
                return _ids.TryGetValue(name, out var id) ? id : null;
            }
        }

        private void Refresh()
        {
            var stamp = File.GetLastWriteTimeUtc(file);
            if (stamp == _stamp || !File.Exists(file))
            {
                return;
            }

            var names = new Dictionary<uint, string>();
            var ids = new Dictionary<string, uint>(StringComparer.Ordinal);
            foreach (var parts in File.ReadLines(file).Select(line => line.Split(':')))
            {
                if (parts.Length > idColumn && uint.TryParse(parts[idColumn], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                {
                    // The first of several counts, as the system takes it.
                    names.TryAdd(id, parts[0]);
                    ids.TryAdd(parts[0], id);
                }
            }

            (_names, _ids, _stamp) = (names, ids, stamp);
        }
    }
}
