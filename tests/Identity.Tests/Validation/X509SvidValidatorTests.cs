using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Identity.Tests;

public sealed class X509SvidValidatorTests
{
    private static readonly TrustDomain Domain = TrustDomain.Parse("example.org");
    private static readonly Forged Root = Forge.Ca("root").Make();
    private static readonly Forged Issuing = Forge.Ca("issuing", Root).Make();

    [Theory]
    [InlineData(KeyKind.P256, false)]
    [InlineData(KeyKind.P384, true)]
    [InlineData(KeyKind.Rsa, false)]
    public void A_chain_of_ours_proves_the_identity(KeyKind rootKind, bool constrained)
    {
        var pki = new Pki(Keys.Of(rootKind), constrained);
        var validation = pki.Validate(pki.IssueLeaf(), pki.Issuer.Certificate.Der);
        Assert.True(validation.IsValid, validation.Error);
        Assert.Equal("spiffe://example.org/ns/default/sa/web", validation.Id.ToString());
        Assert.Equal(3, validation.Path.Count);
        Assert.Equal(pki.Root.Der, validation.Path[2].Der);
    }

    [Fact]
    public void A_forged_chain_with_nothing_wrong_is_accepted()
        => Accepted(Forge.Leaf(Issuing).Make(), [Issuing]);

    [Fact]
    public void A_leaf_straight_under_an_authority_is_accepted() => Accepted(Forge.Leaf(Root).Make(), []);

    [Fact]
    public void Intermediates_come_in_any_order_with_others_between_and_the_root_among_them()
    {
        var noise = Forge.Ca("issuing", Forge.Ca("stranger").Make()).Make();
        var second = Forge.Ca("second", Issuing).Make();
        Accepted(Forge.Leaf(second).Make(), [noise, Root, second, Issuing]);
    }

    [Fact]
    public void Certificates_without_key_identifiers_chain_by_name()
    {
        var root = (Forge.Ca("root") with { KeyIdentifiers = false }).Make();
        Accepted((Forge.Leaf(root) with { KeyIdentifiers = false }).Make(), [], root);
    }

    [Fact]
    public void Other_URIs_and_no_SPIFFE_ID_in_a_CA_are_no_hindrance()
    {
        Accepted(Forge.Leaf(WithRoot(ca => ca with { Uris = ["https://example.com/ca"] })).Make(), [], _root);
        Accepted(Forge.Leaf(WithRoot(ca => ca with { Uris = [] })).Make(), [], _root);
    }

    [Fact]
    public void What_cannot_be_read_is_refused()
    {
        Refused(X509SvidRefusal.Unreadable, new byte[] { 0x30, 0x00 }, [Issuing]);
        Refused(X509SvidRefusal.Unreadable, Forge.Leaf(Issuing).Make(), [new byte[] { 1 }]);
    }

    [Fact]
    public void A_crowd_of_intermediates_is_refused()
        => Refused(X509SvidRefusal.TooManyCertificates, Forge.Leaf(Issuing).Make(), [.. Enumerable.Repeat<ReadOnlyMemory<byte>>(Issuing.Der, 17)]);

    [Fact]
    public void A_leaf_without_a_URI_or_with_two_is_refused()
    {
        Refused(X509SvidRefusal.NotOneUri, Leaf(leaf => leaf with { Uris = [], DnsNames = ["web"] }));
        Refused(X509SvidRefusal.NotOneUri, Leaf(leaf => leaf with { Uris = ["spiffe://example.org/a", "spiffe://example.org/b"] }));
        Refused(X509SvidRefusal.NotOneUri, Leaf(leaf => leaf with { Uris = ["spiffe://example.org/a", "https://example.org/"] }));
    }

    [Fact]
    public void A_leaf_whose_URI_is_no_SPIFFE_ID_is_refused()
    {
        Refused(X509SvidRefusal.NotASpiffeId, Leaf(leaf => leaf with { Uris = ["https://example.org/a"] }));
        Refused(X509SvidRefusal.NotASpiffeId, Leaf(leaf => leaf with { Uris = ["spiffe://EXAMPLE.org/a"] }));
        Refused(X509SvidRefusal.NotASpiffeId, Leaf(leaf => leaf with { Uris = ["spiffe://example.org/a/../b"] }));
    }

    [Fact]
    public void A_leaf_without_a_path_is_refused() => Refused(X509SvidRefusal.NoPath, Leaf(leaf => leaf with { Uris = ["spiffe://example.org"] }));

    [Fact]
    public void A_CA_does_not_authenticate()
        => Refused(X509SvidRefusal.LeafIsCa, Leaf(leaf => leaf with { IsCa = true, Usage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign }));

    [Fact]
    public void A_leaf_with_other_key_usages_is_refused()
    {
        Refused(X509SvidRefusal.KeyUsage, Leaf(leaf => leaf with { Usage = null }));
        Refused(X509SvidRefusal.KeyUsage, Leaf(leaf => leaf with { UsageCritical = false }));
        Refused(X509SvidRefusal.KeyUsage, Leaf(leaf => leaf with { Usage = X509KeyUsageFlags.KeyAgreement }));
        Refused(X509SvidRefusal.KeyUsage, Leaf(leaf => leaf with { Usage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign }));
        Refused(X509SvidRefusal.KeyUsage, Leaf(leaf => leaf with { Usage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.CrlSign }));
    }

    [Fact]
    public void A_leaf_that_restricts_its_purposes_needs_both()
    {
        Refused(X509SvidRefusal.ExtendedKeyUsage, Leaf(leaf => leaf with { Purposes = [Forge.ServerAuth] }));
        Refused(X509SvidRefusal.ExtendedKeyUsage, Leaf(leaf => leaf with { Purposes = [Forge.ClientAuth, "1.3.6.1.5.5.7.3.4"] }));
        Accepted(Leaf(leaf => leaf with { Purposes = null }), [Issuing]);
    }

    [Fact]
    public void A_leaf_with_an_empty_subject_needs_a_critical_name()
    {
        Refused(X509SvidRefusal.NameNotCritical, Leaf(leaf => leaf with { NamesCritical = false }));
        Accepted(Leaf(leaf => leaf with { NamesCritical = false, Subject = "CN=web" }), [Issuing]);
    }

    [Fact]
    public void An_unknown_critical_extension_is_refused_wherever_it_stands()
    {
        var unknown = new X509Extension("1.2.3.4.5", [0x05, 0x00], critical: true);
        Refused(X509SvidRefusal.UnknownCriticalExtension, Leaf(leaf => leaf with { Extra = [unknown] }));
        Refused(X509SvidRefusal.UnknownCriticalExtension, Forge.Leaf(WithRoot(ca => ca with { Extra = [unknown] })).Make(), [], _root);
        Accepted(Leaf(leaf => leaf with { Extra = [new X509Extension("1.2.3.4.5", [0x05, 0x00], critical: false)] }), [Issuing]);
    }

    [Fact]
    public void An_SVID_of_a_trust_domain_without_a_bundle_is_refused()
    {
        var leaf = Leaf(leaf => leaf with { Uris = ["spiffe://other.org/a"] });
        Refused(X509SvidRefusal.NoBundle, leaf);
        var set = SpiffeBundleSet.Empty.With(BundleOf(Root));
        Assert.Equal(X509SvidRefusal.NoBundle, X509SvidValidator.Validate(leaf, [Issuing], set, Pki.Now).Refusal);
    }

    [Fact]
    public void An_SVID_is_judged_by_the_bundle_of_its_own_trust_domain_alone()
    {
        // A peer domain's authority signs an ID of ours: its own bundle must not vouch for it.
        var peerRoot = (Forge.Ca("peer root") with { Uris = [] }).Make();
        var peer = TrustDomain.Parse("peer.org");
        var bundles = SpiffeBundleSet.Empty.With(BundleOf(Root)).With(new SpiffeBundle(peer).WithX509Authorities([peerRoot.Der]));
        var impostor = Forge.Leaf(peerRoot).Make();
        Assert.Equal(X509SvidRefusal.UnknownAuthority, X509SvidValidator.Validate(impostor, [], bundles, Pki.Now).Refusal);
        var honest = (Forge.Leaf(peerRoot) with { Uris = ["spiffe://peer.org/a"] }).Make();
        Assert.Equal(peer, X509SvidValidator.Validate(honest, [], bundles, Pki.Now).Id?.TrustDomain);
    }

    [Fact]
    public void An_empty_bundle_trusts_nothing()
        => Assert.Equal(
            X509SvidRefusal.UnknownAuthority,
            X509SvidValidator.Validate(Forge.Leaf(Root).Make(), [Root], new SpiffeBundle(Domain), Pki.Now).Refusal);

    [Fact]
    public void Validity_is_checked_at_every_step_with_the_skew()
    {
        var (early, late) = (Pki.Now.AddHours(-2), Pki.Now.AddSeconds(-30));
        var old = Leaf(leaf => leaf with { NotBefore = early, NotAfter = late });
        Refused(X509SvidRefusal.Expired, old);
        Refused(X509SvidRefusal.NotYetValid, Leaf(leaf => leaf with { NotBefore = Pki.Now.AddSeconds(30) }));
        Refused(X509SvidRefusal.Expired, Forge.Leaf(WithRoot(ca => ca with { NotBefore = early, NotAfter = late })).Make(), [], _root);
        var expiredIssuing = (Forge.Ca("issuing", Root) with { NotBefore = early, NotAfter = late }).Make();
        Refused(X509SvidRefusal.Expired, Forge.Leaf(expiredIssuing).Make(), [expiredIssuing]);

        var skewed = new X509SvidValidationOptions { ClockSkew = TimeSpan.FromMinutes(1) };
        Assert.True(X509SvidValidator.Validate(old, [Issuing], BundleOf(Root), Pki.Now, skewed).IsValid);
    }

    [Fact]
    public void A_chain_that_leads_nowhere_is_refused()
    {
        var stranger = Forge.Ca("stranger").Make();
        Refused(X509SvidRefusal.UnknownAuthority, Forge.Leaf(stranger).Make(), [stranger]);
        Refused(X509SvidRefusal.UnknownAuthority, Forge.Leaf(Issuing).Make(), []);

        // Of the right name, but of another key: the key identifiers tell them apart.
        var namesake = Forge.Ca("root").Make();
        Refused(X509SvidRefusal.UnknownAuthority, Forge.Leaf(namesake).Make(), []);
    }

    [Fact]
    public void A_signature_by_another_key_is_refused()
    {
        using var thief = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Refused(X509SvidRefusal.BadSignature, Leaf(leaf => leaf with { SigningKey = thief }));
        var forgedIssuing = (Forge.Ca("issuing", Root) with { SigningKey = thief }).Make();
        Refused(X509SvidRefusal.BadSignature, Forge.Leaf(forgedIssuing).Make(), [forgedIssuing]);
    }

    [Fact]
    public void A_single_changed_byte_of_the_signed_part_is_refused()
    {
        var leaf = Forge.Leaf(Issuing).Make().Der;
        var parsed = ParsedCertificate.Read(leaf);
        for (var i = 0; i < parsed.Tbs.Length; i++)
        {
            var changed = leaf.ToArray();
            changed[4 + i] ^= 0x01;
            Assert.False(X509SvidValidator.Validate(changed, [Issuing], BundleOf(Root), Pki.Now).IsValid);
        }
    }

    [Fact]
    public void A_leaf_cannot_sign()
    {
        var middle = (Forge.Leaf(Root) with { Subject = "CN=middle" }).Make();
        Refused(X509SvidRefusal.NotACa, Forge.Leaf(middle).Make(), [middle]);
        var noConstraints = (Forge.Ca("middle", Root) with { HasBasicConstraints = false }).Make();
        Refused(X509SvidRefusal.NotACa, Forge.Leaf(noConstraints).Make(), [noConstraints]);
    }

    [Fact]
    public void A_CA_without_keyCertSign_cannot_sign()
    {
        var crlOnly = (Forge.Ca("issuing", Root) with { Usage = X509KeyUsageFlags.CrlSign }).Make();
        Refused(X509SvidRefusal.KeyUsage, Forge.Leaf(crlOnly).Make(), [crlOnly]);
        Refused(X509SvidRefusal.KeyUsage, Forge.Leaf(WithRoot(ca => ca with { Usage = null })).Make(), [], _root);
    }

    [Fact]
    public void Path_lengths_are_kept()
    {
        var zero = (Forge.Ca("zero", Root) with { PathLength = 0 }).Make();
        Accepted(Forge.Leaf(zero).Make(), [zero]);
        var below = Forge.Ca("below", zero).Make();
        Refused(X509SvidRefusal.PathLength, Forge.Leaf(below).Make(), [below, zero]);
        Refused(X509SvidRefusal.PathLength, Forge.Leaf(Forged("issuing", WithRoot(ca => ca with { PathLength = 0 }))).Make(), [_made!], _root);
    }

    [Fact]
    public void A_certificate_issued_to_itself_does_not_count_for_the_path_length()
    {
        var one = (Forge.Ca("issuing", Root) with { PathLength = 0 }).Make();
        var renewed = Forge.Ca("issuing", one).Make();
        Accepted(Forge.Leaf(renewed).Make(), [renewed, one]);
    }

    [Fact]
    public void URI_constraints_bind_the_leaf()
    {
        Accepted(Constrained(Forge.PermittedUris("example.org")), [], _root);
        Accepted(Constrained(Forge.PermittedUris("EXAMPLE.org")), [], _root);
        Accepted(Constrained(Forge.PermittedUris("other.org", "example.org")), [], _root);
        Accepted(Constrained(Forge.PermittedUris(".org")), [], _root);
        Accepted(Constrained(Forge.ExcludedUris("other.org")), [], _root);
        Accepted(Constrained(Forge.PermittedDnsNames("other.org")), [], _root);
        Refused(X509SvidRefusal.NameConstraints, Constrained(Forge.PermittedUris("other.org")), [], _root);
        Refused(X509SvidRefusal.NameConstraints, Constrained(Forge.PermittedUris(".example.org")), [], _root);
        Refused(X509SvidRefusal.NameConstraints, Constrained(Forge.PermittedUris("ample.org")), [], _root);
        Refused(X509SvidRefusal.NameConstraints, Constrained(Forge.ExcludedUris("example.org")), [], _root);
        Refused(X509SvidRefusal.NameConstraints, Constrained(Forge.ExcludedUris(".org")), [], _root);
    }

    [Fact]
    public void DNS_constraints_bind_the_leaf()
    {
        Accepted(Constrained(Forge.PermittedDnsNames("svc"), "web.svc", "svc"), [], _root);
        Refused(X509SvidRefusal.NameConstraints, Constrained(Forge.PermittedDnsNames("svc"), "web.svc", "web.com"), [], _root);
        Refused(X509SvidRefusal.NameConstraints, Constrained(Forge.PermittedDnsNames("svc"), "evilsvc"), [], _root);
    }

    [Fact]
    public void Constraints_of_a_kind_that_is_not_handled_refuse_such_names()
    {
        // Permitted: one directory name (tag 4), and the leaf has a subject.
        var directory = new X509Extension("2.5.29.30", [0x30, 0x08, 0xA0, 0x06, 0x30, 0x04, 0xA4, 0x02, 0x30, 0x00], critical: true);
        Accepted(Constrained(directory), [], _root);
        var root = WithRoot(ca => ca with { Extra = [directory] });
        Refused(X509SvidRefusal.NameConstraints, (Forge.Leaf(root) with { Subject = "CN=web" }).Make(), [], _root);
    }

    [Fact]
    public void A_CA_of_another_trust_domain_or_with_a_path_cannot_sign()
    {
        foreach (var uri in (string[])["spiffe://other.org", "spiffe://example.org/ca", "spiffe://EXAMPLE.org", "SPIFFE://example.org"])
        {
            var issuing = (Forge.Ca("issuing", Root) with { Uris = [uri] }).Make();
            Refused(X509SvidRefusal.AuthoritySpiffeId, Forge.Leaf(issuing).Make(), [issuing]);
            Refused(X509SvidRefusal.AuthoritySpiffeId, Forge.Leaf(WithRoot(ca => ca with { Uris = [uri] })).Make(), [], _root);
        }
    }

    [Fact]
    public void A_path_has_a_longest_length()
    {
        var chain = new List<Forged> { Issuing };
        while (chain.Count < 5)
        {
            chain.Add(Forge.Ca($"ca {chain.Count}", chain[^1]).Make());
        }

        var intermediates = chain.Select(ca => (ReadOnlyMemory<byte>)ca.Der).ToArray();
        Accepted(Forge.Leaf(chain[3]).Make(), intermediates);
        Refused(X509SvidRefusal.TooDeep, Forge.Leaf(chain[4]).Make(), intermediates);
    }

    [Fact]
    public void Certificates_that_all_sign_each_other_do_not_make_the_search_long()
    {
        // One name, one key, sixteen self-signed twins: without bounds there are 16! orders to try.
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var twins = Enumerable.Range(0, 16).Select(_ => (Forge.Ca("twin") with { Key = key }).Make()).ToList();
        var leaf = ParsedCertificate.Read(Forge.Leaf(twins[0]).Make().Der);
        var search = new PathSearch(
            BundleOf(Root), [.. twins.Select(twin => ParsedCertificate.Read(twin.Der))], Pki.Now, new X509SvidValidationOptions { MaxDepth = 16 });
        Assert.False(search.Run(leaf, SpiffeId.Parse(leaf.UriNames[0])).IsValid);
        Assert.InRange(search.SignatureChecks, 1, X509SvidValidationOptions.Default.MaxSignatureChecks);
    }

    private Forged? _root;
    private Forged? _made;

    private Forged WithRoot(Func<Forge, Forge> change) => _root = change(Forge.Ca("root")).Make();

    private Forged Forged(string name, Forged issuer) => _made = Forge.Ca(name, issuer).Make();

    private Forged Constrained(X509Extension constraints, params string[] dnsNames)
        => (Forge.Leaf(WithRoot(ca => ca with { Extra = [constraints] })) with { DnsNames = dnsNames }).Make();

    private static Forged Leaf(Func<Forge, Forge> change) => change(Forge.Leaf(Issuing)).Make();

    private static SpiffeBundle BundleOf(Forged root) => new SpiffeBundle(Domain).WithX509Authorities([root.Der]);

    private static void Accepted(ReadOnlyMemory<byte> leaf, ReadOnlyMemory<byte>[] intermediates, Forged? root = null)
    {
        var validation = X509SvidValidator.Validate(leaf, intermediates, BundleOf(root ?? Root), Pki.Now);
        Assert.True(validation.IsValid, validation.Error);
    }

    private static void Refused(X509SvidRefusal refusal, ReadOnlyMemory<byte> leaf, ReadOnlyMemory<byte>[]? intermediates = null, Forged? root = null)
    {
        var validation = X509SvidValidator.Validate(leaf, intermediates ?? [Issuing], BundleOf(root ?? Root), Pki.Now);
        Assert.Equal((refusal, false), (validation.Refusal, validation.IsValid));
        Assert.NotNull(validation.Error);
        Assert.Null(validation.Id);
        Assert.Empty(validation.Path);
    }
}
