using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Solo.Tests.Behaviour;

/// <summary>A reminder table in memory; outlives a host that uses it.</summary>
public sealed class MemoryReminders : IReminderTable
{
    private readonly Dictionary<(GrainId, string), ReminderEntry> _rows = [];
    private int _version;

    public int Count
    {
        get
        {
            lock (_rows)
            {
                return _rows.Count;
            }
        }
    }

    public Task<ReminderTableData> ReadRows(GrainId grainId) => Rows(row => row.GrainId == grainId);

    public Task<ReminderTableData> ReadRows(uint begin, uint end) => Rows(row => row.GrainId.GetUniformHashCode() is var hash
        && (begin < end ? hash > begin && hash <= end : hash > begin || hash <= end));

    public Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName)
    {
        lock (_rows)
        {
            return Task.FromResult(_rows.GetValueOrDefault((grainId, reminderName)));
        }
    }

    public Task<string?> UpsertRow(ReminderEntry entry)
    {
        lock (_rows)
        {
            var etag = $"{++_version}";
            _rows[(entry.GrainId, entry.ReminderName)] = new()
            {
                GrainId = entry.GrainId, ReminderName = entry.ReminderName, StartAt = entry.StartAt, Period = entry.Period, ETag = etag,
            };
            return Task.FromResult<string?>(etag);
        }
    }

    public Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag)
    {
        lock (_rows)
        {
            return Task.FromResult(_rows.TryGetValue((grainId, reminderName), out var row) && row.ETag == eTag && _rows.Remove((grainId, reminderName)));
        }
    }

    public Task TestOnlyClearTable()
    {
        lock (_rows)
        {
            _rows.Clear();
        }

        return Task.CompletedTask;
    }

    private Task<ReminderTableData> Rows(Func<ReminderEntry, bool> where)
    {
        lock (_rows)
        {
            return Task.FromResult(new ReminderTableData(_rows.Values.Where(where)));
        }
    }
}
