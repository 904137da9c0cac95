using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using MeshGrains.Testing;

namespace MeshGrains.Keys.Tests;

public sealed class MeteredKeyManagerTests
{
    [Fact]
    public async Task Every_operation_is_counted_with_its_result_and_timed()
    {
        using var directory = new TempDirectory();
        var counted = new ConcurrentQueue<(string Instrument, string Operation, string Scheme, string Result)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == "MeshGrains.Keys" && instrument.Name is "meshgrains.kms.calls" or "meshgrains.kms.duration")
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((i, _, tags, _) => Note(i, tags));
        listener.SetMeasurementEventCallback<double>((i, _, tags, _) => Note(i, tags));
        listener.Start();

        await using var keys = KeyManagers.Open("file:metered", new KeyManagerOptions { DataDirectory = directory.FullPath }, new FakeTimeProvider(), new CapturedLog());
        await keys.CreateAsync("root", KeyAlgorithm.EcdsaP256, KeyPurpose.Sign, default);
        await Refusal.Of(KeyManagerError.NotFound, () => keys.GetAsync(new KeyReference("file:metered-unknown/1-a"), default));
        foreach (var instrument in new[] { "meshgrains.kms.calls", "meshgrains.kms.duration" })
        {
            Assert.Contains((instrument, "create", "file", "ok"), counted);
            Assert.Contains((instrument, "get", "file", "not_found"), counted);
        }

        void Note(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var values = tags.ToArray().ToDictionary(t => t.Key, t => t.Value?.ToString() ?? "");
            Assert.Equal(3, values.Count);
            counted.Enqueue((instrument.Name, values["operation"], values["scheme"], values["result"]));
        }
    }
}
