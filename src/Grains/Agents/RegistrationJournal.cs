using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>The newest changes with their numbers, as many as are worth repeating; pure.</summary>
internal sealed class RegistrationJournal(string epoch, int capacity)
{
    private readonly Queue<Change> _changes = new();

    public string Epoch => epoch;

    public long Number { get; private set; }

    /// <summary>The highest number whose changes are not all known any more.</summary>
    private long Forgotten { get; set; }

    /// <summary>Notes what a silo wrote, under one number.</summary>
    public void Add(string silo, ImmutableArray<string> parents, bool anyone)
    {
        Number++;
        foreach (var parent in parents)
        {
            _changes.Enqueue(new Change(Number, silo, parent));
        }

        if (anyone)
        {
            // From before this number on nobody can tell whose.
            _changes.Clear();
            Forgotten = Number;
        }

        while (_changes.Count > capacity)
        {
            Forgotten = _changes.Dequeue().Number;
        }
    }

    /// <summary>What a silo that holds a number lacks. Its own writes are left out: it knew them first.</summary>
    public RegistrationNews Since(string silo, string heldEpoch, long number)
    {
        if (heldEpoch != epoch || number < Forgotten || number > Number)
        {
            return new RegistrationNews(epoch, number, Number, [], Anyone: true);
        }

        return new RegistrationNews(
            epoch, number, Number, [.. _changes.Where(change => change.Number > number && change.Silo != silo).Select(change => change.Parent)], Anyone: false);
    }

    private readonly record struct Change(long Number, string Silo, string Parent);
}
