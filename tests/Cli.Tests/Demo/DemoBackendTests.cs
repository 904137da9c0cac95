using System.Net.Security;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Cli.Tests;

public sealed class DemoBackendTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _time = new();
    private readonly TestPki _pki;

    public DemoBackendTests() => _pki = new TestPki(_time.GetUtcNow());

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_right_client_is_let_in_and_answered()
    {
        var (visit, answer) = await VisitAsync(Svid(_pki, "/frontend"));

        Assert.Equal(("spiffe://mesh.test/frontend", null, "hello"), (visit.Peer, visit.Refusal, answer));
    }

    [Fact]
    public async Task A_client_without_a_certificate_is_not()
    {
        var (visit, answer) = await VisitAsync(null);

        Assert.Equal((null, "it showed no certificate", null), (visit.Peer, visit.Refusal, answer));
    }

    [Fact]
    public async Task One_with_another_identity_is_not()
    {
        var (visit, answer) = await VisitAsync(Svid(_pki, "/frontend/admin"));

        Assert.Equal((null, "it is spiffe://mesh.test/frontend/admin, not spiffe://mesh.test/frontend", null), (visit.Peer, visit.Refusal, answer));
    }

    [Fact]
    public async Task One_whose_certificate_is_from_another_root_is_not()
    {
        var (visit, answer) = await VisitAsync(Svid(new TestPki(_time.GetUtcNow()), "/frontend"));

        Assert.Contains("UnknownAuthority", visit.Refusal, StringComparison.Ordinal);
        Assert.Null(answer);
    }

    [Fact]
    public async Task One_whose_certificate_has_expired_is_not()
    {
        var svid = Svid(_pki, "/frontend", TimeSpan.FromMinutes(1));
        _time.SetUtcNow(_time.GetUtcNow().AddMinutes(10));

        var (visit, answer) = await VisitAsync(svid);

        Assert.Contains("Expired", visit.Refusal, StringComparison.Ordinal);
        Assert.Null(answer);
    }

    private async Task<(DemoVisit Visit, string? Answer)> VisitAsync(SslStreamCertificateContext? client)
    {
        using var svid = _pki.WriteSvid(_directory.File("backend"), "/backend").Load();
        await using var backend = new DemoBackend(svid, _pki.Bundle, _pki.Id("/frontend"), _time);
        string? answer = null;
        try
        {
            using var call = await DemoCall.OpenAsync(backend.Port, client, _pki.Bundle, _pki.Id("/backend"), _time, CancellationToken.None);
            answer = await call.AskAsync("hello", CancellationToken.None);
        }
        catch (CliException)
        {
            // The backend was quicker to refuse than the client to notice.
        }

        return (await backend.NextVisitAsync(CancellationToken.None), answer);
    }

    private SslStreamCertificateContext Svid(TestPki pki, string path, TimeSpan? ttl = null)
        => pki.WriteSvid(_directory.File(Path.GetRandomFileName()), path, ttl).Load().TlsContext;
}
