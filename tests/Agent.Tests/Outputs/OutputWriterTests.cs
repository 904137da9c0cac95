using Google.Protobuf;
using MeshGrains.Agent.Domains;
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
    public async Task An_identity_that_is_taken_back_leaves_the_disk_and_its_reader_is_told_and_when_it_comes_again_it_is_there_again()
    {
        _output.Combined = _folder.File("both.pem");
        Directory.CreateDirectory(_folder.File("apart"));
        _output.Key = _folder.File("apart/svid.key");
        await StartAsync();
        TakeBundle(5);
        Put(1);
        await Eventually.HoldsAsync(() => Told() == 1 && _consumers.Lowest(5) == 5, "the first write");

        _state.Apply(new AgentUpdate { RemovedEntryIds = { "entry" } });
        await Eventually.HoldsAsync(() => Told() == 2, "the reader is told");
        Assert.Equal([false, false, false, true], new[] { _output.Key, _output.Combined, _output.Certificate, _output.Bundle }.Select(File.Exists));
        await Eventually.HoldsAsync(() => !FilesBelow().Any(text => text.Contains("PRIVATE KEY", StringComparison.Ordinal)), "no key is left");

        // A reader that cannot live without its certificate does not keep the roots from being acknowledged.
        _folder.Write("broken", "");
        TakeBundle(6);
        await Eventually.HoldsAsync(() => _consumers.Lowest(6) == 6 && File.ReadAllText(_output.Bundle) == _state.Current.OwnBundle!.Pem, "the roots stay fresh");
        File.Delete(_folder.File("broken"));
        Put(2);
        await Eventually.HoldsAsync(() => File.Exists(_output.Key) && File.ReadAllText(_output.Key) == OutputMaterial.Svid(2).KeyPem, "it is there again");
    }

    [Fact]
    public async Task What_an_earlier_run_left_of_an_identity_that_is_this_nodes_no_longer_is_removed()
    {
        await StartAsync();
        TakeBundle(5);
        Put(1);
        await Eventually.HoldsAsync(() => Told() == 1, "the first write");
        await StopAsync();
        var after = new AgentState(TrustDomain.Parse(OutputMaterial.Domain), OutputMaterial.Bundle(6));

        // Before the control plane was heard nothing is known to be withdrawn.
        await StartAsync(after, _output);
        Assert.True(File.Exists(_output.Key));
        after.Apply(new AgentUpdate());
        await Eventually.HoldsAsync(() => !File.Exists(_output.Key), "it is removed");
    }

    [Fact]
    public async Task Revocation_lists_come_beside_the_roots_are_told_when_they_change_stay_when_the_identity_goes_and_leave_with_the_last_one()
    {
        var ca = new MeshCa(OutputMaterial.Domain);
        _output.Crl = _folder.File("crl.pem");
        await StartAsync();
        TakeBundle(5);
        Put(1);
        await Eventually.HoldsAsync(() => Told() == 1, "the first write");
        Assert.False(File.Exists(_output.Crl));

        Lists(ca.Lists(DateTimeOffset.UtcNow.AddHours(1)));
        await Eventually.HoldsAsync(() => Told() == 2, "lists are told");
        Assert.Equal(_state.Current.Crls!.Pem, File.ReadAllText(_output.Crl));
        Lists(ca.Lists(DateTimeOffset.UtcNow.AddHours(2)));
        await Eventually.HoldsAsync(() => Told() == 3, "and newer ones");
        Assert.Equal(_state.Current.Crls!.Pem, File.ReadAllText(_output.Crl));

        _state.Apply(new AgentUpdate { RemovedEntryIds = { "entry" } });
        await Eventually.HoldsAsync(() => Told() == 4, "the identity is taken back");
        Assert.Equal([false, true], new[] { _output.Key, _output.Crl }.Select(File.Exists));

        Lists(new RevocationLists());
        await Eventually.HoldsAsync(() => Told() == 5, "there are none any more");
        Assert.Null(new FileInfo(_output.Crl).LinkTarget);
        Assert.True(File.Exists(_output.Bundle));
    }

    [SkippableFact]
    public async Task Openssl_believes_a_chain_by_the_files_of_an_output_and_refuses_the_one_that_its_lists_name()
    {
        var openssl = Tool.Require("openssl", "openssl");
        var ca = new MeshCa(OutputMaterial.Domain);
        _output.Crl = _folder.File("crl.pem");
        await StartAsync();
        _state.Apply(new AgentUpdate
        {
            Bundles = { ca.Wire(1) },
            Entries = { new Entry { Id = "entry", SpiffeId = OutputMaterial.SpiffeId, Selectors = { new Selector { Type = "unix", Value = "uid:0" } } } },
            RevocationLists = ca.Lists(DateTimeOffset.UtcNow.AddHours(1)),
        });
        var svid = ca.Issue("entry", OutputMaterial.SpiffeId);
        _state.Put([svid]);
        await Eventually.HoldsAsync(() => Told() == 1, "the files");
        File.WriteAllText(_folder.File("issuer.pem"), PemWriter.EncodeCertificate(svid.Chain[1].Span));
        Assert.Contains("OK", Verify(), StringComparison.Ordinal);

        Lists(ca.Lists(DateTimeOffset.UtcNow.AddHours(1), svid));
        await Eventually.HoldsAsync(() => Told() == 2, "it is on a list");
        Assert.Contains("error 23", Verify(), StringComparison.Ordinal);

        string Verify()
        {
            var result = Tool.Run(
                openssl, ["verify", "-crl_check_all", "-CRLfile", _output.Crl, "-CAfile", _output.Bundle, "-untrusted", _folder.File("issuer.pem"), _output.Certificate]);
            return result.Output + result.Errors;
        }
    }

    [Fact]
    public async Task Where_it_is_to_be_kept_new_roots_come_also_to_an_identity_that_was_taken_back()
    {
        _output.WhenWithdrawn = OutputOptions.Keep;
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

    private IEnumerable<string> FilesBelow() => Directory.EnumerateFiles(_folder.FullPath, "*", SearchOption.AllDirectories).Select(File.ReadAllText);

    private Task StartAsync(params OutputOptions[] outputs) => StartAsync(_state, outputs);

    private async Task StartAsync(AgentState state, params OutputOptions[] outputs)
    {
        var options = new AgentConfiguration { TrustDomain = OutputMaterial.Domain, Outputs = outputs.Length > 0 ? outputs : [_output] };
        _writer = new OutputWriter(new NodeState(new ServedDomain(state, _consumers, new SvidDemand())), new Accounts(), options, new AgentMetrics(), new NoJitter(), _time, NullLogger<OutputWriter>.Instance);
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

    private void Lists(RevocationLists lists) => _state.Apply(new AgentUpdate { RevocationLists = lists });

    private int Told() => File.Exists(_folder.File("told")) ? File.ReadAllLines(_folder.File("told")).Length : 0;

    private sealed class NoJitter : IJitter
    {
        public double Next(double spread) => 1;
    }
}
