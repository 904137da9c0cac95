using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

/// <summary>Roots that a company's PKI certifies, with real grains.</summary>
public sealed class UpstreamGrainTests : IClassFixture<HostedGrains>, IDisposable
{
    private readonly HostedGrains _host;

    public UpstreamGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
        World.Upstream.Broken = null;
        World.Upstream.Make(World.Clock.GetUtcNow());
    }

    private GrainWorld World => _host.World;

    private string Name => World.TrustDomain.Name;

    private ITrustDomainGrain TrustDomain => _host.TrustDomain;

    private TrustDomainState Stored => World.Storage.Stored<TrustDomainState>($"trust-domain/{Name}");

    public void Dispose() => World.Upstream.Mode = UpstreamMode.None;

    [Fact]
    public async Task A_root_that_waits_for_its_certificate_issues_nothing_says_so_and_is_in_use_once_its_chain_was_brought()
    {
        World.Upstream.Mode = UpstreamMode.Csr;
        foreach (var attempt in new[] { "one", "two" })
        {
            var waiting = await Assert.ThrowsAsync<GrainOperationException>(() => TrustDomain.EnsureAsync(World.Ensure(attempt)));
            Assert.Equal((RefusalCode.Unavailable, "upstream_chain_awaited"), (waiting.Code, waiting.Reason));
            Assert.Contains("meshctl upstream csr", waiting.Message, StringComparison.Ordinal);
        }

        Assert.Equal("no_root", (await Assert.ThrowsAsync<GrainOperationException>(TrustDomain.GetAsync)).Reason);
        Assert.Equal("no_root", (await Assert.ThrowsAsync<GrainOperationException>(CertifyAsync)).Reason);
        Assert.Single(World.Keys.Made, key => key.Name.Contains(Name.Replace('.', '-'), StringComparison.Ordinal));

        var request = await TrustDomain.UpstreamRequestAsync();
        Assert.True(request.Waiting);
        var own = World.Upstream.Certify(request.RequestDer, Name, World.Clock.GetUtcNow());
        var import = await ImportAsync([own, Der(World.Upstream.Root), Der(World.Upstream.Intermediate)]);

        Assert.Equal((true, 3, 1L, request.AuthorityId), (import.First, import.Certificates, import.BundleNumber, import.AuthorityId));
        await VerifyAsync(own, expectedBundle: 1);
        Assert.False((await TrustDomain.UpstreamRequestAsync()).Waiting);
        var record = Assert.Single(World.Log.Records, record => record.TrustDomain == Name && record.Kind == IssuanceRecordKind.RootAuthority);
        Assert.Equal(ParsedCertificate.Read(own).SerialHex, record.Serial);
    }

    [Fact]
    public async Task An_outside_CA_in_files_certifies_the_root_at_once()
    {
        World.Upstream.Mode = UpstreamMode.Disk;
        var view = await TrustDomain.EnsureAsync(World.Ensure());

        await VerifyAsync(Assert.Single(view.Authorities).CertificateDer, expectedBundle: 1);
        Assert.Equal("no_request", (await Assert.ThrowsAsync<GrainOperationException>(TrustDomain.UpstreamRequestAsync)).Reason);
    }

    [Fact]
    public async Task An_outside_CA_that_cannot_be_used_is_told_and_tried_again()
    {
        World.Upstream.Mode = UpstreamMode.Disk;
        World.Upstream.Broken = "upstream: /etc/ca.pem cannot be read: gone";
        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => TrustDomain.EnsureAsync(World.Ensure()));
        Assert.Equal((RefusalCode.Unavailable, "upstream_unusable", World.Upstream.Broken), (refused.Code, refused.Reason, refused.Message));

        World.Upstream.Broken = null;
        await TrustDomain.EnsureAsync(World.Ensure());
    }

    [Fact]
    public async Task An_outside_CA_that_was_replaced_before_it_signed_certifies_from_its_new_certificate()
    {
        World.Upstream.Mode = UpstreamMode.Disk;
        World.Upstream.SignFails = true;
        Assert.Equal("upstream_unusable", (await Assert.ThrowsAsync<GrainOperationException>(() => TrustDomain.EnsureAsync(World.Ensure()))).Reason);
        Assert.NotNull(Stored.Authorities[0].Tbs);
        Assert.Null(Stored.Authorities[0].CertificateDer);
        World.Upstream.Make(World.Clock.GetUtcNow());
        World.Upstream.SignFails = false;

        var view = await HostedGrains.RetryAsync(() => TrustDomain.EnsureAsync(World.Ensure()));
        await VerifyAsync(view.Authorities[0].CertificateDer, expectedBundle: 1);
    }

    [Theory]
    [InlineData(UpstreamMode.Disk)]
    [InlineData(UpstreamMode.Csr)]
    public async Task Whatever_step_fails_there_is_one_root_and_one_key(UpstreamMode mode)
    {
        World.Upstream.Mode = mode;
        await RunAsync(mode);
        var steps = World.Faults.Steps.Count;
        Assert.InRange(steps, 10, 40);
        for (var step = 1; step <= steps; step++)
        {
            foreach (var after in new[] { false, true })
            {
                _host.Fresh();
                World.Upstream.Make(World.Clock.GetUtcNow());
                World.Faults.FailStep(step, after);
                await RunAsync(mode);
            }
        }
    }

    [Fact]
    public async Task A_chain_for_another_key_or_one_that_breaks_SVIDs_is_refused_and_nothing_changes()
    {
        World.Upstream.Mode = UpstreamMode.Csr;
        await Assert.ThrowsAsync<GrainOperationException>(() => TrustDomain.EnsureAsync(World.Ensure()));
        var request = await TrustDomain.UpstreamRequestAsync();
        var before = Stored;
        var (root, intermediate) = (Der(World.Upstream.Root), Der(World.Upstream.Intermediate));

        foreach (var (chain, reason) in new (ImmutableArray<byte[]>, string)[]
        {
            ([], "bad_chain"), ([root, root, root, root, root], "bad_chain"), ([[1, 2, 3]], "bad_chain"), ([intermediate, root], "key_mismatch"),
            ([World.Upstream.Certify(request.RequestDer, Name, World.Clock.GetUtcNow()), intermediate], "bad_chain"),
            ([World.Upstream.Certify(request.RequestDer, "other.test", World.Clock.GetUtcNow()), intermediate, root], "bad_chain"),
            ([World.Upstream.Certify(request.RequestDer, Name, World.Clock.GetUtcNow().AddDays(2)), intermediate, root], "bad_chain"),
        })
        {
            var refused = await Assert.ThrowsAsync<GrainOperationException>(() => ImportAsync(chain));
            Assert.Equal((RefusalCode.InvalidArgument, reason), (refused.Code, refused.Reason));
        }

        Assert.Equal(before.OperationId, Stored.OperationId);
        Assert.Equal("no_root", (await Assert.ThrowsAsync<GrainOperationException>(TrustDomain.GetAsync)).Reason);
    }

    [Fact]
    public async Task A_renewed_chain_under_the_same_outside_root_is_served_at_once_and_another_root_needs_a_rotation()
    {
        World.Upstream.Mode = UpstreamMode.Csr;
        await RunAsync(UpstreamMode.Csr);
        var request = await TrustDomain.UpstreamRequestAsync();
        var (root, intermediate) = (Der(World.Upstream.Root), Der(World.Upstream.Intermediate));
        var bundle = TrustBundles.Of(await TrustDomain.GetAsync());

        var renewed = World.Upstream.Certify(request.RequestDer, Name, World.Clock.GetUtcNow(), days: 700);
        var import = await ImportAsync([renewed, intermediate, root]);
        Assert.Equal((false, 2L), (import.First, import.BundleNumber));
        await VerifyAsync(renewed, expectedBundle: 2);
        Assert.True(TrustBundles.Of(await TrustDomain.GetAsync()).HasSameAuthorities(bundle));

        // The same again changes nothing.
        Assert.Equal(2, (await ImportAsync([renewed, intermediate, root])).BundleNumber);

        World.Upstream.Make(World.Clock.GetUtcNow());
        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => ImportAsync(
            [World.Upstream.Certify(request.RequestDer, Name, World.Clock.GetUtcNow()), Der(World.Upstream.Intermediate), Der(World.Upstream.Root)]));
        Assert.Equal("other_anchor", refused.Reason);
        Assert.Contains("Rotate the root", refused.Message, StringComparison.Ordinal);
        Assert.Equal(renewed, Stored.Authorities[0].CertificateDer);
    }

    private static byte[] Der(ParsedCertificate certificate) => certificate.Der.ToArray();

    private Task<UpstreamImport> ImportAsync(ImmutableArray<byte[]> chain) =>
        TrustDomain.ImportUpstreamAsync(new ImportUpstreamChain("import-1", chain, "local:0", "ticket 4711"));

    private Task<CertifiedIssuingCa> CertifyAsync() => TrustDomain.CertifyAsync(
        new CertifyIssuingCa("op-1", "main", "silo-1", IssuerKey.Create().SubjectPublicKeyInfo.ToArray(), 72 * 3600));

    /// <summary>From nothing to a root in use, as silos and an operator do it: again until it is done.</summary>
    private async Task RunAsync(UpstreamMode mode)
    {
        byte[]? own = null;
        for (var attempt = 1; mode == UpstreamMode.Csr; attempt++)
        {
            try
            {
                await TrustDomain.EnsureAsync(World.Ensure());
            }
            catch (Exception failure)
            {
                if (failure is not GrainOperationException { Reason: "upstream_chain_awaited" })
                {
                    Assert.True(attempt < 6, failure.ToString());
                    continue;
                }
            }

            break;
        }

        if (mode == UpstreamMode.Csr)
        {
            var request = await HostedGrains.RetryAsync(TrustDomain.UpstreamRequestAsync);
            own = World.Upstream.Certify(request.RequestDer, Name, World.Clock.GetUtcNow());
            var import = await HostedGrains.RetryAsync(() => ImportAsync([own, Der(World.Upstream.Intermediate), Der(World.Upstream.Root)]));
            Assert.Equal(1, import.BundleNumber);
        }

        var view = await HostedGrains.RetryAsync(() => TrustDomain.EnsureAsync(World.Ensure()));
        await VerifyAsync(own ?? view.Authorities[0].CertificateDer, expectedBundle: 1);
        Assert.Single(World.Keys.Made, key => key.Name.Contains(Name.Replace('.', '-'), StringComparison.Ordinal));
    }

    /// <summary>What silos issue under it is accepted by whoever trusts the outside root.</summary>
    private async Task VerifyAsync(byte[] own, long expectedBundle)
    {
        var view = await TrustDomain.GetAsync();
        var authority = Assert.Single(view.Authorities);
        Assert.Equal((AuthorityState.Active, expectedBundle), (authority.State, view.BundleNumber));
        Assert.Equal(own, authority.CertificateDer);
        Assert.Equal(Der(World.Upstream.Root), Assert.Single(TrustBundles.Of(view).X509Authorities).Der.ToArray());

        using var key = IssuerKey.Create();
        var certified = await HostedGrains.RetryAsync(() => TrustDomain.CertifyAsync(
            new CertifyIssuingCa($"op-{Convert.ToHexStringLower(key.SubjectPublicKeyInfo.Span[^8..])}", "main", "silo-1", key.SubjectPublicKeyInfo.ToArray(), 72 * 3600)));
        var snapshot = IssuerSnapshots.Make(Identity.TrustDomain.Parse(Name), key, certified, view);
        var now = World.Clock.GetUtcNow();
        var leaf = X509SvidWriter.Issue(snapshot.Issuer, new X509SvidRequest
        {
            Id = SpiffeId.FromPath(snapshot.TrustDomain, "/web"), SubjectPublicKeyInfo = key.SubjectPublicKeyInfo, Serial = RandomSerialSource.Shared.Next(),
            NotBefore = now.AddSeconds(-1), NotAfter = now.AddMinutes(5),
        });
        var validation = X509SvidValidator.Validate(leaf, [.. snapshot.ChainDer.Select(der => (ReadOnlyMemory<byte>)der)], snapshot.Bundle, now);
        Assert.True(validation.IsValid, validation.Error);
        Assert.Equal(5, validation.Path.Count);
    }
}
