using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Bench;

/// <summary>A workload's side of the Workload API: one stream, whose newest state is at hand. When the stream ends, what it told last stays.</summary>
internal sealed class WorkloadApiClient : IAsyncDisposable
{
    private const string Method = "/SpiffeWorkloadAPI/FetchX509SVID";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly RpcChannel _channel;
    private readonly SpiffeId _id;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<ClientIdentity> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _running;
    private ClientIdentity? _current;
    private int _updates;

    public WorkloadApiClient(string socket, SpiffeId id)
    {
        _id = id;
        _channel = new RpcChannel(new Uri("http://localhost"), new RpcChannelOptions { UnixSocketPath = socket });
        _running = Task.Run(ReadAsync);
    }

    /// <summary>The newest; wait for <see cref="FirstAsync"/> before.</summary>
    public ClientIdentity Current => Volatile.Read(ref _current)!;

    /// <summary>How many certificates came after the first.</summary>
    public int Rotations => Math.Max(0, Volatile.Read(ref _updates) - 1);

    public Task FirstAsync(TimeSpan patience, CancellationToken cancellationToken) => _first.Task.WaitAsync(patience, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _channel.Dispose();
        _stop.Dispose();
    }

    private async Task ReadAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var options = new RpcCallOptions { Headers = new RpcMetadata { { "workload.spiffe.io", "true" } } };
                using var call = _channel.ServerStreaming(Method, new X509SVIDRequest(), X509SVIDResponse.Parser, options, _stop.Token);
                await foreach (var response in call)
                {
                    Take(response);
                }
            }
            catch (Exception failure) when (failure is RpcException or OperationCanceledException)
            {
                await Pausing.ForAsync(Pause, _stop.Token);
            }
        }
    }

    private void Take(X509SVIDResponse response)
    {
        if (response.Svids.FirstOrDefault(one => one.SpiffeId == _id.ToString()) is not { } svid)
        {
            return;
        }

        var chain = Split(svid.X509Svid.Memory);
        var serial = ParsedCertificate.Read(chain[0]).SerialHex;
        var bundle = new SpiffeBundle(_id.TrustDomain).WithX509Authorities(Split(svid.Bundle.Memory));
        var federated = response.FederatedBundles
            .Select(pair => new SpiffeBundle(SpiffeId.Parse(pair.Key).TrustDomain).WithX509Authorities(Split(pair.Value.Memory))).ToDictionary(one => one.TrustDomain);
        if (serial == _current?.Serial)
        {
            Volatile.Write(ref _current, _current with { Bundle = bundle, Federated = federated });
            return;
        }

        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(svid.X509SvidKey.Span, out _);
        using var bare = X509CertificateLoader.LoadCertificate(chain[0].Span);
        var leaf = bare.CopyWithPrivateKey(key);
        var intermediates = new X509Certificate2Collection((X509Certificate2[])[.. chain.Skip(1).Select(der => X509CertificateLoader.LoadCertificate(der.Span))]);
        var identity = new ClientIdentity(
            serial, SslStreamCertificateContext.Create(leaf, intermediates, offline: true), bundle, federated);
        Volatile.Write(ref _current, identity);
        Interlocked.Increment(ref _updates);
        _first.TrySetResult(identity);
    }

    /// <summary>DER values one after another.</summary>
    private static List<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> der)
    {
        var parts = new List<ReadOnlyMemory<byte>>();
        while (!der.IsEmpty)
        {
            AsnDecoder.ReadSequence(der.Span, AsnEncodingRules.DER, out _, out _, out var length);
            parts.Add(der[..length]);
            der = der[length..];
        }

        return parts;
    }
}
