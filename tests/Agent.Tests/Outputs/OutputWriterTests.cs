using Google.Protobuf;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Outputs;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Agent.Tests.Outputs;

public sealed class OutputWriterTests : IAsyncDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly AgentState _state = new(TrustDomain.Parse(OutputMaterial.Domain), OutputMaterial.Bundle(0));
    private readonly BundleConsumers _consumers = new();
    private readonly OutputOptions _output;
    private OutputWriter? _writer;

    public OutputWriterTests()
    {
        _output = OutputMaterial.Output(_folder);
        _output.Command = ["/bin/sh", "-c", $"test ! -e {_folder.File("broken")} && echo told >> {_folder.File("told")}"];
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_bundle_counts_as_held_when_files_and_command_are_done()
    {
        await StartAsync();
        TakeBundle(5);
        Put(1);
        await Eventually.HoldsAsync(() => _consumers.Count == 1 && _consumers.Lowest(5) == 5, "the first bundle is acknowledged");

        _folder.Write("broken", "");
        TakeBundle(6);
        await Eventually.HoldsAsync(() => File.ReadAllText(_output.Bundle) == _state.Current.OwnBundle!.Pem && _time.ActiveTimers > 0, "the new roots are in place, the command fails");
        Assert.Equal(5, _consumers.Lowest(6));

        File.Delete(_folder.File("broken"));
        await Eventually.HoldsAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return _consumers.Lowest(6) == 6;
            },
            "it is tried again");
    }

    [Fact]
    public async Task A_failing_command_is_tried_again_ever_more_rarely()
    {
        _folder.Write("broken", "");
        await StartAsync();
        TakeBundle(1);
        Put(1);
        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 30, 30 })
        {
            await Eventually.HoldsAsync(() => _time.UntilNextTimer == TimeSpan.FromSeconds(seconds), $"a pause of {seconds} s");
            _time.Advance(TimeSpan.FromSeconds(seconds));
        }
    }

    [Fact]
    public async Task At_its_start_it_writes_again_and_runs_the_command_again_whatever_a_crash_left()
    {
        await StartAsync();
        TakeBundle(5);
        Put(1);
        await Eventually.HoldsAsync(() => Told() == 1, "the first run");
        await StopAsync();
        File.Delete(_output.Key);

        await StartAsync();

        await Eventually.HoldsAsync(() => Told() == 2 && File.Exists(_output.Key), "the second run");
        Assert.Equal(OutputMaterial.Svid(1).KeyPem, File.ReadAllText(_output.Key));
    }

    [Fact]
    public async Task An_output_without_files_holds_no_bundle_back_and_one_with_files_of_unknown_age_does()
    {
        await StartAsync();
        Assert.Equal(9, _consumers.Lowest(9));
        await StopAsync();

        _folder.Write("bundle.pem", "from an earlier run");
        await StartAsync();
        await Eventually.HoldsAsync(() => _consumers.Lowest(9) == 0, "the unknown file holds back");
    }

    [Fact]
    public async Task New_roots_come_also_where_the_identity_was_taken_back()
    {
        await StartAsync();
        TakeBundle(5);
        Put(1);
        await Eventually.HoldsAsync(() => _consumers.Count == 1 && _consumers.Lowest(5) == 5, "the first write");

        _state.Apply(new AgentUpdate { RemovedEntryIds = { "entry" } });
        TakeBundle(6);

        await Eventually.HoldsAsync(() => _consumers.Lowest(6) == 6, "the new roots are in place");
        Assert.Equal(_state.Current.OwnBundle!.Pem, File.ReadAllText(_output.Bundle));
        Assert.Equal(OutputMaterial.Svid(1).KeyPem, File.ReadAllText(_output.Key));
    }

    [Fact]
    public async Task Each_output_is_kept_for_itself()
    {
        var broken = OutputMaterial.Output(_folder);
        (broken.Name, broken.Certificate, broken.Key, broken.Bundle) = ("broken", _folder.File("missing/svid.pem"), _folder.File("missing/svid.key"), "");
        await StartAsync(broken, _output);
        TakeBundle(5);
        Put(1);

        await Eventually.HoldsAsync(() => Told() == 1, "the good one is written");
        Put(2);
        await Eventually.HoldsAsync(() => Told() == 2, "and again");
    }

    private async Task StartAsync(params OutputOptions[] outputs)
    {
        var options = new AgentConfiguration { TrustDomain = OutputMaterial.Domain, Outputs = outputs.Length > 0 ? outputs : [_output] };
        _writer = new OutputWriter(_state, _consumers, new Accounts(), options, new AgentMetrics(), new NoJitter(), _time, NullLogger<OutputWriter>.Instance);
        await _writer.StartAsync(CancellationToken.None);
    }

    private async Task StopAsync()
    {
        if (_writer is { } running)
        {
            _writer = null;
            await running.StopAsync(CancellationToken.None);
            running.Dispose();
        }
    }

    private void Put(byte mark)
    {
        if (_state.Current.Entries.Entries.IsEmpty)
        {
            _state.Apply(new AgentUpdate { Entries = { new Entry { Id = "entry", SpiffeId = OutputMaterial.SpiffeId, Selectors = { new Selector { Type = "unix", Value = "uid:0" } } } } });
        }

        _state.Put([OutputMaterial.Svid(mark)]);
    }

    private void TakeBundle(long number) => _state.TakeBundle(new Bundle
    {
        TrustDomain = OutputMaterial.Domain, Number = number,
        X509Authorities = { OutputMaterial.Bundle(number).Bundle.X509Authorities.Select(root => ByteString.CopyFrom(root.Der.Span)) },
    });

    private int Told() => File.Exists(_folder.File("told")) ? File.ReadAllLines(_folder.File("told")).Length : 0;

    private sealed class NoJitter : IJitter
    {
        public double Next(double spread) => 1;
    }
}
