using System.Diagnostics.Metrics;

namespace MeshGrains.Grains.Tests;

public sealed class RecordAuthenticatorTests
{
    private static readonly byte[] Content = [1, 2, 3];
    private readonly RecordAuthenticator _records = With(7);

    [Fact]
    public void What_was_tagged_is_accepted()
    {
        _records.Verify("a", 1, Content, _records.Tag("a", 1, Content));
    }

    [Fact]
    public void An_edited_swapped_or_relabelled_record_is_refused()
    {
        var tag = _records.Tag("a", 2, Content);

        Assert.Throws<RecordTamperedException>(() => _records.Verify("a", 2, [1, 2, 4], tag));
        Assert.Throws<RecordTamperedException>(() => _records.Verify("b", 2, Content, tag));
        Assert.Throws<RecordTamperedException>(() => _records.Verify("a", 3, Content, tag));
        Assert.Throws<RecordTamperedException>(() => _records.Verify("a", 2, Content, tag.AsSpan(0, 31)));
        Assert.Throws<RecordTamperedException>(() => _records.Verify("a", 2, Content, []));
        Assert.Throws<RecordTamperedException>(() => With(8).Verify("a", 2, Content, tag));
    }

    [Fact]
    public void Refusals_are_counted_from_zero_on()
    {
        long? seen = null;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "meshgrains.records.refused")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => seen = value);
        listener.Start();
        listener.RecordObservableInstruments();
        var before = Assert.NotNull(seen);

        Assert.Throws<RecordTamperedException>(() => _records.Verify("a", 1, Content, []));

        listener.RecordObservableInstruments();
        Assert.True(seen > before);
    }

    [Fact]
    public void Moving_bytes_between_key_and_content_changes_the_tag()
    {
        Assert.NotEqual(_records.Tag("ab", 1, "c"u8), _records.Tag("a", 1, "bc"u8));
    }

    [Fact]
    public void A_record_that_went_back_is_refused_and_the_same_version_is_not()
    {
        var (old, young) = (_records.Tag("a", 4, Content), _records.Tag("a", 5, Content));
        _records.Verify("a", 5, Content, young);

        _records.Verify("a", 5, Content, young);
        var refused = Assert.Throws<RecordTamperedException>(() => _records.Verify("a", 4, Content, old));

        Assert.Contains("rolled back", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tagging_is_no_sight_of_a_version()
    {
        _ = _records.Tag("a", 9, Content);

        _records.Verify("a", 8, Content, _records.Tag("a", 8, Content));
    }

    [Fact]
    public void A_record_in_use_is_remembered_through_any_number_of_others_and_memory_stays_bounded()
    {
        var (old, young) = (_records.Tag("used", 1, Content), _records.Tag("used", 2, Content));
        var most = 0;
        for (var i = 0; i < 200_000; i++)
        {
            if (i % 50_000 == 0)
            {
                _records.Verify("used", 2, Content, young);
            }

            var key = $"r{i}";
            _records.Verify(key, 1, Content, _records.Tag(key, 1, Content));
            most = Math.Max(most, _records.Remembered);
        }

        Assert.Throws<RecordTamperedException>(() => _records.Verify("used", 1, Content, old));
        Assert.InRange(most, RecordAuthenticator.GenerationCapacity, 2 * RecordAuthenticator.GenerationCapacity);
    }

    [Fact]
    public void Without_a_key_nothing_is_tagged_or_verified()
    {
        var locked = new RecordAuthenticator();

        Assert.False(locked.IsReady);
        Assert.Throws<RecordKeyUnavailableException>(() => locked.Tag("a", 1, Content));
        Assert.Throws<RecordKeyUnavailableException>(() => locked.Verify("a", 1, Content, new byte[32]));
    }

    [Fact]
    public void A_key_has_32_bytes_and_comes_once()
    {
        Assert.Throws<ArgumentException>(() => new RecordAuthenticator().Provide(new byte[16]));
        Assert.Throws<InvalidOperationException>(() => _records.Provide(new byte[32]));
    }

    private static RecordAuthenticator With(byte seed)
    {
        var records = new RecordAuthenticator();
        records.Provide([.. Enumerable.Repeat(seed, 32)]);
        return records;
    }
}
