using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Outputs;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc.Agents;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Agent.Tests.Domains;

/// <summary>Files of two trust domains, side by side.</summary>
public sealed class OutputsTests : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly DomainStage _stage = new();

    public void Dispose()
    {
        _stage.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Each_output_is_of_the_trust_domain_of_its_identity_and_what_one_takes_back_leaves_the_others_files()
    {
        var mixed = Output("mixed", "spiffe://new.mesh/web");
        mixed.BundleTrustDomain = "old.mesh";
        OutputOptions[] outputs = [Output("old", "spiffe://old.mesh/web"), Output("new", "spiffe://new.mesh/web"), mixed];
        var options = new AgentConfiguration { TrustDomain = "old.mesh", Outputs = outputs };
        using var writer = new OutputWriter(_stage.Node, new Accounts(), options, new AgentMetrics(), new SystemJitter(), TimeProvider.System, NullLogger<OutputWriter>.Instance);
        await writer.StartAsync(CancellationToken.None);

        // The same id in both, and a lie about the old one's roots.
        _stage.New.State.Apply(new AgentUpdate { Bundles = { new MeshCa("old.mesh").Wire(9) } });
        _stage.Entry(_stage.Old, "web");
        _stage.Entry(_stage.New, "web");
        await Eventually.HoldsAsync(() => outputs.All(output => File.Exists(output.Certificate) && File.Exists(output.Bundle)), "all are written");
        Assert.Equal(Pem(_stage.Old), File.ReadAllText(outputs[0].Bundle));
        Assert.Equal(Pem(_stage.New), File.ReadAllText(outputs[1].Bundle));
        Assert.Equal(Pem(_stage.Old), File.ReadAllText(mixed.Bundle));
        Assert.Equal(_stage.New.State.Current.Svids["web"].ChainPem, File.ReadAllText(outputs[1].Certificate));
        Assert.Equal(_stage.New.State.Current.Svids["web"].ChainPem, File.ReadAllText(mixed.Certificate));
        Assert.Equal((2, 1), (_stage.Old.Consumers.Count, _stage.New.Consumers.Count));

        _stage.Old.State.Withdraw();
        await Eventually.HoldsAsync(() => !File.Exists(outputs[0].Key), "the old one's key is gone");
        Assert.True(File.Exists(outputs[1].Key) && File.Exists(mixed.Key));

        _stage.Old.State.Apply(new AgentUpdate { Bundles = { _stage.OldCa.Wire(2) } });
        await Eventually.HoldsAsync(() => File.ReadAllText(mixed.Bundle) == Pem(_stage.Old), "new roots come to whoever reads them");
        Assert.Equal(Pem(_stage.New), File.ReadAllText(outputs[1].Bundle));
        await writer.StopAsync(CancellationToken.None);
    }

    private static string Pem(ServedDomain domain) => domain.State.Current.OwnBundle!.Pem;

    private OutputOptions Output(string name, string spiffeId)
    {
        Directory.CreateDirectory(_folder.File(name));
        return new OutputOptions
        {
            Name = name, SpiffeId = spiffeId, Certificate = _folder.File($"{name}/svid.pem"), Key = _folder.File($"{name}/svid.key"), Bundle = _folder.File($"{name}/bundle.pem"),
        };
    }
}
