using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Gateway.Tests.Limits;

public sealed class BoundedTableTests
{
    private sealed class Entry : TableEntry<int, Entry>
    {
        public int Value;
        public bool Busy;

        public override bool InUse => Busy;
    }

    private static int Touch(BoundedTable<int, Entry> table, int key)
    {
        using var held = table.Hold(key);
        return ++held.Entry.Value;
    }

    [Fact]
    public void The_entry_idle_longest_is_forgotten_first()
    {
        var table = new BoundedTable<int, Entry>(3, EqualityComparer<int>.Default);
        Touch(table, 1);
        Touch(table, 2);
        Touch(table, 3);
        Touch(table, 1);
        Touch(table, 4);
        Assert.Equal(3, table.Count);
        Assert.Equal(3, Touch(table, 1));
        Assert.Equal(2, Touch(table, 3));
        Assert.Equal(2, Touch(table, 4));
        Assert.Equal(1, Touch(table, 2));
    }

    [Fact]
    public void An_entry_in_use_is_kept_and_the_table_shrinks_again_afterwards()
    {
        var table = new BoundedTable<int, Entry>(2, EqualityComparer<int>.Default);
        var busy = new List<Entry>();
        for (var key = 0; key < 10; key++)
        {
            using var held = table.Hold(key);
            held.Entry.Busy = true;
            held.Entry.Value = key;
            busy.Add(held.Entry);
        }

        Assert.Equal(10, table.Count);
        busy.ForEach(entry => entry.Busy = false);
        for (var key = 10; key < 20; key++)
        {
            Touch(table, key);
        }

        Assert.Equal(2, table.Count);
    }

    [Fact]
    public void It_behaves_as_a_list_ordered_by_use()
        => Prop.ForAll(Gen.ArrayOf(Gen.Choose(0, 7)).ToArbitrary(), keys =>
        {
            var table = new BoundedTable<int, Entry>(4, EqualityComparer<int>.Default);
            var model = new List<(int Key, int Value)>();
            foreach (var key in keys)
            {
                var known = model.FindIndex(entry => entry.Key == key);
                var value = known < 0 ? 1 : model[known].Value + 1;
                if (known >= 0)
                {
                    model.RemoveAt(known);
                }
                else if (model.Count == 4)
                {
                    model.RemoveAt(0);
                }

                model.Add((key, value));
                if (Touch(table, key) != value || table.Count != model.Count)
                {
                    return false;
                }
            }

            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
}
