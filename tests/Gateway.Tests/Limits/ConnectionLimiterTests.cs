using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using MeshGrains.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Tests.Limits;

public sealed class ConnectionLimiterTests : IDisposable
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Two = IPAddress.Parse("192.0.2.2");

    private readonly FakeTimeProvider _time = new();
    private readonly GatewayRefusalMetrics _metrics = new();

    public void Dispose() => _metrics.Dispose();

    private ConnectionLimiter Make(Action<LimitsOptions> edit)
    {
        var options = new LimitsOptions();
        edit(options);
        return new ConnectionLimiter(Options.Create(options), _time, _metrics);
    }

    [Fact]
    public void Open_connections_are_bounded_per_address_and_in_all()
    {
        var limiter = Make(options => (options.MaxConnections, options.MaxConnectionsPerAddress, options.RenewalShare) = (5, 3, 0));
        var open = Enumerable.Range(0, 10).Select(_ => limiter.TryOpen(One)).OfType<IDisposable>().ToList();
        Assert.Equal(3, open.Count);
        Assert.NotNull(limiter.TryOpen(Two));
        Assert.NotNull(limiter.TryOpen(Two));
        Assert.Null(limiter.TryOpen(IPAddress.Loopback));
        open[0].Dispose();
        open[0].Dispose();
        Assert.Equal(4, limiter.Open);
        Assert.NotNull(limiter.TryOpen(One));
        Assert.Null(limiter.TryOpen(One));
    }

    [Fact]
    public void Handshakes_a_second_are_bounded_per_address()
    {
        var limiter = Make(options => (options.HandshakeBurstPerAddress, options.HandshakesPerSecondPerAddress) = (10, 2));
        int Open(IPAddress from) => Enumerable.Range(0, 50).Count(_ =>
        {
            using var lease = limiter.TryOpen(from);
            return lease is not null;
        });
        Assert.Equal(10, Open(One));
        Assert.Equal(10, Open(Two));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(6, Open(One));
        Assert.Equal(0, limiter.Open);
    }

    [Fact]
    public void Clients_with_an_SVID_take_no_place_and_no_handshake_of_their_address()
    {
        var limiter = Make(options => (options.MaxConnections, options.MaxConnectionsPerAddress, options.HandshakeBurstPerAddress, options.HandshakesPerSecondPerAddress)
            = (1000, 3, 3, 0.01));
        var nodes = new List<ConnectionLease>();
        for (var node = 0; node < 500; node++)
        {
            var lease = limiter.TryOpen(One)!;
            lease.Known();
            lease.Known();
            nodes.Add(lease);
        }

        // Strangers of that address are bounded as ever.
        Assert.Equal(3, Enumerable.Range(0, 10).Count(_ => limiter.TryOpen(One) is not null));
        Assert.Equal(503, limiter.Open);
        nodes.ForEach(node => node.Dispose());
        Assert.Equal(3, limiter.Open);
        Assert.Null(limiter.TryOpen(One));
    }

    [Fact]
    public void Strangers_cannot_take_the_share_of_clients_with_an_SVID()
    {
        var limiter = Make(options => (options.MaxConnections, options.RenewalShare) = (100, 0.25));
        var nodes = Enumerable.Range(0, 30).Select(_ => limiter.TryOpen(Two)!).ToList();
        nodes.ForEach(node => node.Known());

        // 75 places for strangers; 30 of the 100 are taken by known ones.
        var strangers = Enumerable.Range(0, 200).Select(_ => limiter.TryOpen(One)).OfType<ConnectionLease>().ToList();
        Assert.Equal(70, strangers.Count);
        nodes.ForEach(node => node.Dispose());
        Assert.Equal(5, Enumerable.Range(0, 200).Count(_ => limiter.TryOpen(One) is not null));
        strangers[0].Dispose();
        Assert.NotNull(limiter.TryOpen(Two));
    }

    [Fact]
    public async Task A_connection_beyond_the_limit_is_closed_before_anything_is_read_from_it()
    {
        var limiter = Make(options => options.MaxConnectionsPerAddress = 1);
        var served = 0;
        var first = new TaskCompletionSource();
        var handler = limiter.Wrap(async _ =>
        {
            served++;
            await first.Task;
        });
        var one = new DefaultConnectionContext("one", new Pair(), new Pair());
        var two = new DefaultConnectionContext("two", new Pair(), new Pair());
        var closed = new TaskCompletionSource();
        using var watching = two.ConnectionClosed.Register(closed.SetResult);
        var serving = handler(one);
        await handler(two);
        Assert.Equal(1, served);
        await closed.Task;
        first.SetResult();
        await serving;
        Assert.False(one.ConnectionClosed.IsCancellationRequested);
        Assert.Equal(0, limiter.Open);
    }

    [Fact]
    public async Task A_sender_beyond_its_bytes_is_read_no_further_until_it_has_paid()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var reader = new PacedReader(pipe.Reader, new Rate(1000, 100), _time, CancellationToken.None);
        await pipe.Writer.WriteAsync(new byte[1050]);
        var first = await reader.ReadAsync();
        Assert.Equal(1050, first.Buffer.Length);
        reader.AdvanceTo(first.Buffer.End);
        await pipe.Writer.WriteAsync(new byte[10]);

        var second = reader.ReadAsync().AsTask();
        Assert.False(second.IsCompleted);
        Assert.False(reader.TryRead(out _));
        _time.Advance(TimeSpan.FromSeconds(0.6));
        var read = await second;
        Assert.Equal(10, read.Buffer.Length);

        // What was looked at but not consumed is not paid for twice.
        reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        await pipe.Writer.WriteAsync(new byte[10]);
        var third = await reader.ReadAsync();
        Assert.Equal(20, third.Buffer.Length);
        Assert.True(third.Buffer.ToArray().AsSpan().SequenceEqual(new byte[20]));
        reader.AdvanceTo(third.Buffer.End);
        await reader.CompleteAsync();
    }

    [Fact]
    public async Task A_connection_that_closes_ends_the_wait()
    {
        var pipe = new Pipe();
        using var closed = new CancellationTokenSource();
        var reader = new PacedReader(pipe.Reader, new Rate(10, 1), _time, closed.Token);
        await pipe.Writer.WriteAsync(new byte[100]);
        reader.AdvanceTo((await reader.ReadAsync()).Buffer.End);
        var waiting = reader.ReadAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        await pipe.Writer.CompleteAsync();
        await closed.CancelAsync();
        Assert.True((await waiting).IsCompleted);
    }

    private sealed class Pair : IDuplexPipe
    {
        public PipeReader Input { get; } = new Pipe().Reader;

        public PipeWriter Output { get; } = new Pipe().Writer;
    }
}
