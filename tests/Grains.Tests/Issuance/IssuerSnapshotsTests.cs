using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

public sealed class IssuerSnapshotsTests : IAsyncDisposable
{
    private readonly SiloParts _silo = new();

    public async ValueTask DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public void Without_an_outside_CA_the_chain_is_the_issuing_CA_and_the_bundle_holds_the_root()
    {
        var snapshot = _silo.Authority.Snapshot(_silo.Clock.GetUtcNow(), operationId: "op-1");
        Assert.Equal(Hex([snapshot.IssuingCaDer]), Hex(snapshot.ChainDer));
        Assert.Equal(PemWriter.EncodeCertificate(snapshot.IssuingCaDer), snapshot.ChainPem);
        Assert.Equal(_silo.Authority.View.Authorities[0].CertificateDer, Assert.Single(snapshot.Bundle.X509Authorities).Der.ToArray());
    }

    [Fact]
    public void What_stands_above_the_root_goes_into_the_chain_and_the_anchor_alone_into_the_bundle()
    {
        var (own, above, anchor) = (_silo.Authority.View.Authorities[0], Certificate(), Certificate());
        var before = _silo.Authority.Snapshot(_silo.Clock.GetUtcNow(), operationId: "op-1");
        var view = _silo.Authority.View with { BundleNumber = 9, Authorities = [own with { Upstream = [above, anchor] }] };

        var snapshot = IssuerSnapshots.WithBundle(before, view);

        Assert.Equal(Hex([before.IssuingCaDer, own.CertificateDer, above]), Hex(snapshot.ChainDer));
        Assert.Equal(PemWriter.EncodeCertificates([before.IssuingCaDer, own.CertificateDer, above]), snapshot.ChainPem);
        Assert.Equal(anchor, Assert.Single(snapshot.Bundle.X509Authorities).Der.ToArray());
        Assert.Same(before.Issuer, snapshot.Issuer);

        var later = IssuerSnapshots.WithBundle(snapshot, view with { BundleNumber = 10 });
        Assert.Same(snapshot.ChainPem, later.ChainPem);

        // A root that is shown no more still has its chain, for what goes on under it.
        var gone = IssuerSnapshots.WithBundle(snapshot, view with { BundleNumber = 11, Authorities = [own with { AuthorityId = "other" }] });
        Assert.Same(snapshot.ChainPem, gone.ChainPem);
    }

    [Fact]
    public void Two_roots_under_one_anchor_make_a_bundle_of_one()
    {
        var (own, anchor) = (_silo.Authority.View.Authorities[0], Certificate());
        var view = _silo.Authority.View with { Authorities = [own with { Upstream = [anchor] }, own with { AuthorityId = "next", CertificateDer = Certificate(), Upstream = [anchor] }] };
        Assert.Equal(anchor, Assert.Single(TrustBundles.Of(view).X509Authorities).Der.ToArray());
    }

    private static IEnumerable<string> Hex(IEnumerable<byte[]> ders) => ders.Select(Convert.ToHexStringLower);

    /// <summary>Any certificate of another key.</summary>
    private byte[] Certificate() => new TestAuthority(_silo.Clock.GetUtcNow()).View.Authorities[0].CertificateDer;
}
