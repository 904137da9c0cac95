using System.Security.Cryptography;
using MeshGrains.Identity;
using MeshGrains.Testing;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Silo.Tests;

/// <summary>Bootstrap files as others write them: Kubernetes' volumes, and cert-manager.</summary>
public sealed class FileSiloBootstrapTests
{
    private const string Domain = "mesh.test";

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Files_behind_links_are_read_again_when_what_the_links_lead_to_changes()
    {
        using var folder = new TempDirectory();
        using var authority = BootstrapAuthority.Create(Domain, TimeSpan.FromDays(10), RandomSerialSource.Shared, _time.GetUtcNow());

        // As the kubelet and csi drivers do it: names lead through ..data, which is turned to a new folder.
        Write(folder.File("..1"), authority);
        Directory.CreateSymbolicLink(folder.File("..data"), "..1");
        foreach (var name in new[] { "ca.pem", "silo.pem", "silo.key" })
        {
            File.CreateSymbolicLink(folder.File(name), Path.Combine("..data", name));
        }

        using var bootstrap = FileSiloBootstrap.Open(folder.FullPath, Domain, _time);
        var before = bootstrap.Chain[0];
        Write(folder.File("..2"), authority);
        foreach (var file in Directory.EnumerateFiles(folder.File("..2")))
        {
            File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file).AddSeconds(5));
        }

        File.Delete(folder.File("..data"));
        Directory.CreateSymbolicLink(folder.File("..data"), "..2");

        _time.Advance(TimeSpan.FromDays(1));
        Assert.NotEqual(before, bootstrap.Chain[0]);
    }

    [Fact]
    public void While_files_are_missing_or_do_not_fit_the_standing_identity_stays()
    {
        using var folder = new TempDirectory();
        using var authority = BootstrapAuthority.Create(Domain, TimeSpan.FromDays(10), RandomSerialSource.Shared, _time.GetUtcNow());
        Write(folder.FullPath, authority);
        using var bootstrap = FileSiloBootstrap.Open(folder.FullPath, Domain, _time);
        var before = bootstrap.Chain[0];

        File.Delete(folder.File("silo.key"));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(before, bootstrap.Chain[0]);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        folder.Write("silo.key", other.ExportPkcs8PrivateKeyPem());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(before, bootstrap.Chain[0]);

        Write(folder.FullPath, authority);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.NotEqual(before, bootstrap.Chain[0]);
    }

    [Fact]
    public void Files_that_cannot_be_used_are_told_once_after_a_few_looks_and_again_when_they_change()
    {
        using var folder = new TempDirectory();
        using var authority = BootstrapAuthority.Create(Domain, TimeSpan.FromDays(10), RandomSerialSource.Shared, _time.GetUtcNow());
        Write(folder.FullPath, authority);
        using var bootstrap = FileSiloBootstrap.Open(folder.FullPath, Domain, _time);
        var lines = new Lines();
        bootstrap.LogTo(lines);
        var before = bootstrap.Chain[0];

        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        folder.Write("silo.key", other.ExportPkcs8PrivateKeyPem());
        File.SetLastWriteTimeUtc(folder.File("silo.key"), File.GetLastWriteTimeUtc(folder.File("silo.key")).AddSeconds(5));
        Look(bootstrap, 2);
        Assert.Empty(lines.Told);
        Look(bootstrap, 5);
        var line = Assert.Single(lines.Told);
        Assert.Equal(LogLevel.Warning, line.Level);
        Assert.Contains(folder.FullPath, line.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", line.Text, StringComparison.Ordinal);

        folder.Write("silo.pem", "no certificate");
        File.SetLastWriteTimeUtc(folder.File("silo.pem"), File.GetLastWriteTimeUtc(folder.File("silo.pem")).AddSeconds(9));
        Look(bootstrap, 5);
        Assert.Equal(2, lines.Told.Count);
        Assert.Equal(before, bootstrap.Chain[0]);

        // Whole files are taken, and nothing is left to tell.
        Write(folder.FullPath, authority);
        Look(bootstrap, 5);
        Assert.NotEqual(before, bootstrap.Chain[0]);
        Assert.Equal(2, lines.Told.Count);
    }

    [Theory]
    [InlineData(BootstrapNames.AuthorityRole, "silo-1", true)]
    [InlineData(BootstrapNames.SiloRole, "silo-1", false)]
    [InlineData(BootstrapNames.AuthorityRole, "silo-2", false)]
    [InlineData(BootstrapNames.GatewayRole, "silo-1", false)]
    public void New_files_are_taken_only_where_they_would_do_at_a_start(string role, string name, bool taken)
    {
        using var folder = new TempDirectory();
        using var authority = BootstrapAuthority.Create(Domain, TimeSpan.FromDays(10), RandomSerialSource.Shared, _time.GetUtcNow());
        var identity = new BootstrapIdentity(Domain, "silo-1", new SiloRoles(Authority: true, Issuer: true));
        Write(folder.FullPath, authority, BootstrapNames.AuthorityRole);
        using var bootstrap = FileSiloBootstrap.Open(folder.FullPath, Domain, _time, certificate => identity.Require(certificate, folder.FullPath));
        var lines = new Lines();
        bootstrap.LogTo(lines);
        var before = bootstrap.Chain[0];

        Write(folder.FullPath, authority, role, name);
        File.SetLastWriteTimeUtc(folder.File("silo.pem"), File.GetLastWriteTimeUtc(folder.File("silo.pem")).AddSeconds(5));
        Look(bootstrap, 4);

        Assert.Equal(taken, !before.AsSpan().SequenceEqual(bootstrap.Chain[0]));
        Assert.Equal(taken ? 0 : 1, lines.Told.Count);
    }

    [SkippableFact]
    public void Certificates_of_the_shape_that_cert_manager_issues_are_a_silos()
    {
        var openssl = Tool.Require("openssl", "openssl");
        using var folder = new TempDirectory();
        void Run(params string[] arguments) => Tool.Run(openssl, arguments, workingDirectory: folder.FullPath).EnsureSuccess();

        // Read off cert-manager's sources: a subject of the CA's own, an empty one and a critical name in the leaf, no key id of the leaf.
        folder.Write("ca.cnf", $"[v3]\nkeyUsage=critical,keyCertSign,cRLSign\nbasicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\nsubjectAltName=URI:spiffe://bootstrap.{Domain}\n");
        folder.Write("leaf.cnf",
            "[v3]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=critical,CA:FALSE\nauthorityKeyIdentifier=keyid\n"
            + $"subjectAltName=critical,URI:spiffe://bootstrap.{Domain}/silo/meshgrains-issuer-0\n");
        Run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=meshgrains bootstrap", "-keyout", "ca.key", "-out", "ca.csr");
        Run("x509", "-req", "-in", "ca.csr", "-signkey", "ca.key", "-days", "30", "-extfile", "ca.cnf", "-extensions", "v3", "-out", "ca.pem");
        Run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/", "-keyout", "silo.key", "-out", "silo.csr");
        Run("x509", "-req", "-in", "silo.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1", "-extfile", "leaf.cnf", "-extensions", "v3", "-out", "silo.pem");

        using var bootstrap = FileSiloBootstrap.Open(folder.FullPath, Domain, TimeProvider.System);
        var validation = X509SvidValidator.Validate(bootstrap.Chain[0], [], bootstrap.Anchors, TimeProvider.System.GetUtcNow());
        Assert.True(validation.IsValid, validation.Error);
        Assert.True(BootstrapNames.TryRead(validation.Id, Domain, out var role, out var silo));
        Assert.Equal((BootstrapNames.SiloRole, "meshgrains-issuer-0"), (role, silo));
    }

    private void Look(FileSiloBootstrap bootstrap, int times)
    {
        for (var i = 0; i < times; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            _ = bootstrap.Chain;
        }
    }

    private void Write(string folder, BootstrapAuthority authority, string role = BootstrapNames.SiloRole, string name = "silo-1")
    {
        Directory.CreateDirectory(folder);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = authority.Issue(
            role, name, key.ExportSubjectPublicKeyInfo(), [], TimeSpan.FromDays(5), RandomSerialSource.Shared, _time.GetUtcNow());
        File.WriteAllText(Path.Combine(folder, "ca.pem"), PemWriter.EncodeCertificate(authority.CertificateDer));
        File.WriteAllText(Path.Combine(folder, "silo.pem"), PemWriter.EncodeCertificate(certificate));
        File.WriteAllText(Path.Combine(folder, "silo.key"), key.ExportPkcs8PrivateKeyPem());
    }

    private sealed class Lines : ILogger<FileSiloBootstrap>
    {
        public List<(LogLevel Level, string Text)> Told { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Told.Add((logLevel, formatter(state, exception)));
    }
}
