using System.Security.Authentication;

namespace MeshGrains.Bench.Tests;

public sealed class GrpcConnectionTests
{
    private static readonly byte[][] Bodies = [.. CertificateRequests.Make(20).Select(IstioMessages.Request)];

    [Fact]
    public async Task Every_call_ends_once_with_its_own_reply()
    {
        await using var stub = await StubGateway.StartAsync();
        await using var connection = await GrpcConnection.OpenAsync(stub.Target, CancellationToken.None);
        var script = new Recorder(calls: 2_000, token: "good");
        await connection.RunAsync(script, inFlight: 32, CancellationToken.None);
        Assert.Equal(2_000, script.Statuses.Count);
        Assert.All(script.Statuses, status => Assert.Equal(CallOutcome.Ok, status));
        Assert.Equal(2_000, script.Serials.Distinct().Count());
        Assert.Equal(32, script.MostUnderWay);
    }

    [Fact]
    public async Task A_connection_serves_one_run_after_another()
    {
        await using var stub = await StubGateway.StartAsync();
        await using var connection = await GrpcConnection.OpenAsync(stub.Target, CancellationToken.None);
        for (var i = 0; i < 5; i++)
        {
            var script = new Recorder(calls: 3, token: "good");
            await connection.RunAsync(script, inFlight: 1, CancellationToken.None);
            Assert.Equal([0, 0, 0], script.Statuses);
        }
    }

    [Fact]
    public async Task A_refusal_brings_its_status_and_words()
    {
        await using var stub = await StubGateway.StartAsync();
        var call = await SingleCall.TryAsync(stub.Target, new Call(Hpack.Bearer("bad"), Bodies[0], 0), CancellationToken.None);
        Assert.Equal(16, call.Status);
        Assert.Equal("no", call.StatusMessage);
        Assert.Empty(call.Reply);
    }

    [Fact]
    public async Task A_header_block_of_several_frames_arrives_whole()
    {
        await using var stub = await StubGateway.StartAsync();
        var call = await SingleCall.TryAsync(stub.Target, new Call(Hpack.Bearer(new string('x', 18_000)), Bodies[0], 0), CancellationToken.None);
        Assert.Equal(16, call.Status);
    }

    [Fact]
    public async Task Calls_under_way_when_the_server_goes_end_without_a_status()
    {
        var stub = await StubGateway.StartAsync();
        await using var connection = await GrpcConnection.OpenAsync(stub.Target, CancellationToken.None);
        var script = new Recorder(calls: int.MaxValue, token: "good");
        var running = connection.RunAsync(script, inFlight: 8, CancellationToken.None);
        await script.FirstEnded;
        await stub.DisposeAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => running);
        Assert.Equal(script.Started, script.Statuses.Count);
    }

    [Fact]
    public async Task A_server_that_is_not_trusted_is_not_called()
    {
        await using var stub = await StubGateway.StartAsync();
        await using var other = await StubGateway.StartAsync();
        var target = new GrpcTarget { Address = stub.Target.Address, TrustPem = other.TrustPem };
        await Assert.ThrowsAsync<AuthenticationException>(() => GrpcConnection.OpenAsync(target, CancellationToken.None));
    }

    private sealed class Recorder(int calls, string token) : ICallScript
    {
        private readonly TaskCompletionSource _firstEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly byte[] _headers = Hpack.Bearer(token);

        public int Started { get; private set; }

        public int MostUnderWay { get; private set; }

        public List<int> Statuses { get; } = [];

        public List<UInt128> Serials { get; } = [];

        public Task FirstEnded => _firstEnded.Task;

        public Call? Next()
        {
            if (Started == calls)
            {
                return null;
            }

            Started++;
            MostUnderWay = Math.Max(MostUnderWay, Started - Statuses.Count);
            return new Call(_headers, Bodies[Started % Bodies.Length], Started);
        }

        public void Ended(in CallOutcome outcome)
        {
            Statuses.Add(outcome.Status);
            if (outcome.Status == CallOutcome.Ok)
            {
                Serials.Add(CertificateReply.Serial(outcome.Message));
            }

            _firstEnded.TrySetResult();
        }
    }
}
