using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>The demo's steps.</summary>
internal sealed class DemoStory(DemoStage stage, TimeProvider time, string dataDirectory, string workDirectory)
{
    private const string QuarantineReason = "demo: the backend's key leaked";

    private readonly SpiffeBundle _bundle = TrustBundleFile.Load(Path.Combine(dataDirectory, "bundle.json"));

    private SvidDirectory Frontend => At("frontend");

    private SvidDirectory Backend => At("backend");

    private SvidDirectory Visitor => At("visitor");

    public async Task TellAsync(CancellationToken cancellationToken)
    {
        await ControlPlaneAsync(cancellationToken);
        await FrontendIdentityAsync(cancellationToken);
        await OtherIdentitiesAsync(cancellationToken);
        using var backendSvid = Backend.Load();
        await using (var backend = new DemoBackend(backendSvid, _bundle, Id("frontend"), time))
        {
            await TalkAsync(backend, cancellationToken);
            await StrangersAsync(backend, cancellationToken);
            await RenewalAsync(backend, cancellationToken);
        }

        await QuarantineAsync(cancellationToken);
    }

    private async Task ControlPlaneAsync(CancellationToken cancellationToken)
    {
        stage.Step("A control plane runs. Its root key signs issuing CAs only; a silo's issuing CA signs the workloads' certificates.");
        var (exitCode, _) = await stage.RunAsync(cancellationToken, "status");
        stage.Expect(exitCode == ExitCode.Done, "The control plane is ready.");
    }

    private async Task FrontendIdentityAsync(CancellationToken cancellationToken)
    {
        stage.Step("The frontend gets an identity: an operator registers it and makes a join token, the workload turns the token into a certificate.");
        var (created, _) = await stage.RunAsync(cancellationToken, "entry", "create", $"{Id("frontend")}");
        if (created != ExitCode.Done)
        {
            stage.Say("The entry is there from an earlier demo, and serves as well.");
        }

        var token = Path.Combine(workDirectory, "frontend.token");
        File.Delete(token);
        await stage.RunAsync(cancellationToken, "token", "create", "--spiffe-id", $"{Id("frontend")}", "--out", token);
        stage.Say("The token goes to the workload, which makes its key itself and sends a CSR; the key never leaves.");
        var (fetched, _) = await stage.RunAsync(cancellationToken, "svid", "fetch", "--token-file", token, "--out", Frontend.Path);
        stage.Expect(fetched == ExitCode.Done && Holds(Frontend, "frontend"), $"The frontend holds a certificate for {Id("frontend")}.");
        stage.Expect(File.GetUnixFileMode(Frontend.Key) == FileSet.Secret, "Its key file is for its owner alone.");

        stage.Say("A token admits once:");
        var (again, said) = await stage.RunAsync(cancellationToken, "svid", "fetch", "--token-file", token, "--out", Frontend.Path);
        stage.Expect(again == ExitCode.Failed && said.Contains("join_token_refused", StringComparison.Ordinal), "The same token is refused the second time.");
        File.Delete(token);
    }

    private async Task OtherIdentitiesAsync(CancellationToken cancellationToken)
    {
        stage.Step("The backend gets one too. On the silo's own machine one command makes entry, token and certificate.");
        var (backend, _) = await stage.RunAsync(cancellationToken, "svid", "fetch", $"{Id("backend")}", "--out", Backend.Path);
        stage.Expect(backend == ExitCode.Done && Holds(Backend, "backend"), $"The backend holds a certificate for {Id("backend")}.");
        stage.Say("And so does a third workload, which nobody told the backend about:");
        var (visitor, _) = await stage.RunAsync(cancellationToken, "svid", "fetch", $"{Id("visitor")}", "--out", Visitor.Path);
        stage.Expect(visitor == ExitCode.Done && Holds(Visitor, "visitor"), $"The visitor holds a certificate for {Id("visitor")}.");
    }

    private async Task TalkAsync(DemoBackend backend, CancellationToken cancellationToken)
    {
        stage.Step($"Frontend and backend talk over mutual TLS 1.3 on 127.0.0.1:{backend.Port}. Each checks the other's certificate and SPIFFE ID.");
        using var svid = Frontend.Load();
        using var call = await OpenAsync(backend, svid.TlsContext, cancellationToken);
        var visit = await backend.NextVisitAsync(cancellationToken);
        stage.Expect(call.Protocol == SslProtocols.Tls13 && call.Server == Id("backend"), $"The frontend knows that it talks to {Id("backend")}, by its certificate and TLS 1.3.");
        stage.Expect(visit.Peer == $"{Id("frontend")}", $"The backend knows that it talks to {visit.Peer}.");
        var answer = await call.AskAsync("hello", cancellationToken);
        stage.Expect(answer == "hello", "A message goes there and back.");
    }

    private async Task StrangersAsync(DemoBackend backend, CancellationToken cancellationToken)
    {
        stage.Step("Strangers are refused.");
        await RefusedAsync(backend, "A client without a certificate", null, cancellationToken);
        using (var forged = Forge(Id("frontend")))
        {
            await RefusedAsync(
                backend, "One that made itself a certificate with the frontend's name", SslStreamCertificateContext.Create(forged, null, offline: true),
                cancellationToken);
        }

        using var visitor = Visitor.Load();
        await RefusedAsync(backend, "The visitor, whose certificate is good but whose identity is another,", visitor.TlsContext, cancellationToken);

        stage.Say("It works both ways: the frontend hangs up on a server that is not the backend.");
        await using var impostor = new DemoBackend(visitor, _bundle, Id("frontend"), time);
        using var frontend = Frontend.Load();
        string? refusal = null;
        try
        {
            using var call = await OpenAsync(impostor, frontend.TlsContext, cancellationToken);
        }
        catch (CliException refused)
        {
            refusal = refused.Message;
        }

        stage.Expect(refusal?.Contains($"it is {Id("visitor")}", StringComparison.Ordinal) == true, $"The frontend refuses it: {refusal ?? "no, it did not"}");
    }

    private async Task RefusedAsync(DemoBackend backend, string who, SslStreamCertificateContext? certificate, CancellationToken cancellationToken)
    {
        string? answer = null;
        try
        {
            using var call = await OpenAsync(backend, certificate, cancellationToken);
            answer = await call.AskAsync("let me in", cancellationToken);
        }
        catch (CliException)
        {
            // Refused already at the handshake; the backend tells why.
        }

        var visit = await backend.NextVisitAsync(cancellationToken);
        stage.Expect(answer is null && visit.Peer is null && visit.Refusal is not null, $"{who} is refused: {visit.Refusal?.TrimEnd('.') ?? "no, it was let in"}.");
    }

    private async Task RenewalAsync(DemoBackend backend, CancellationToken cancellationToken)
    {
        stage.Step("The frontend renews its certificate while it talks. The old certificate proves who asks; no token is needed any more.");
        using var old = Frontend.Load();
        using var call = await OpenAsync(backend, old.TlsContext, cancellationToken);
        var first = await backend.NextVisitAsync(cancellationToken);
        stage.Expect(first.Serial == old.Leaf.SerialHex, $"An exchange runs under certificate {old.Leaf.SerialHex}.");
        var exchange = DemoExchange.Start(call, cancellationToken);
        await exchange.GoOnAsync();
        var before = exchange.Answered;
        var (renewed, _) = await stage.RunAsync(cancellationToken, "svid", "renew", Frontend.Path);
        await exchange.GoOnAsync();
        var during = exchange.Answered - before;
        await exchange.StopAsync();
        using var fresh = Frontend.Load();
        stage.Expect(renewed == ExitCode.Done && fresh.Leaf.SerialHex != old.Leaf.SerialHex, "The frontend has a new certificate and a new key.");
        stage.Expect(!exchange.IsBroken && during > 0, $"The running exchange did not notice: {during} messages went there and back meanwhile, none was lost.");

        using var next = await OpenAsync(backend, fresh.TlsContext, cancellationToken);
        var visit = await backend.NextVisitAsync(cancellationToken);
        stage.Expect(
            visit.Peer == $"{Id("frontend")}" && visit.Serial == fresh.Leaf.SerialHex && await next.AskAsync("hello again", cancellationToken) == "hello again",
            "New connections use the new certificate.");
    }

    private async Task QuarantineAsync(CancellationToken cancellationToken)
    {
        stage.Step("The backend's key leaked: it is quarantined. Its certificate ends within the hour, and there is no new one.");
        var (quarantined, _) = await stage.RunAsync(
            cancellationToken, "identity", "quarantine", $"{Id("backend")}", "--reason", QuarantineReason);
        try
        {
            stage.Expect(quarantined == ExitCode.Done, "The quarantine is recorded, with its reason.");
            await stage.RunAsync(cancellationToken, "denial", "list");
            var (refused, said) = await stage.RunAsync(cancellationToken, "svid", "renew", Backend.Path);
            stage.Expect(
                refused == ExitCode.Failed && said.Contains("reason quarantined", StringComparison.Ordinal), "The backend's renewal is refused, and it is told why.");
        }
        finally
        {
            stage.Say("The leak is mended, and the backend is let out again:");
            var (released, _) = await stage.RunAsync(CancellationToken.None, "identity", "release", $"{Id("backend")}", "--reason", "demo: the key is replaced");
            stage.Expect(released == ExitCode.Done, "The release is recorded.");
        }

        var (renewed, _) = await stage.RunAsync(cancellationToken, "svid", "renew", Backend.Path);
        stage.Expect(renewed == ExitCode.Done && Holds(Backend, "backend"), "The backend's renewal works again.");
        stage.Say("All of it is on record:");
        var (listed, _) = await stage.RunAsync(cancellationToken, "issuance", "list", "--spiffe-id", $"{Id("backend")}", "--limit", "10");
        stage.Expect(listed == ExitCode.Done, "The issuance log tells every certificate of the backend.");
    }

    private Task<DemoCall> OpenAsync(DemoBackend backend, SslStreamCertificateContext? certificate, CancellationToken cancellationToken)
        => DemoCall.OpenAsync(backend.Port, certificate, _bundle, Id("backend"), time, cancellationToken);

    private SpiffeId Id(string workload) => SpiffeId.FromPath(_bundle.TrustDomain, $"/demo/{workload}");

    private SvidDirectory At(string workload) => new(workDirectory == "." ? workload : Path.Combine(workDirectory, workload));

    private bool Holds(SvidDirectory directory, string workload)
    {
        var (_, chain) = SvidFile.Read(directory.Path);
        return X509SvidValidator.Validate(chain[0].Der, [.. chain.Skip(1).Select(certificate => certificate.Der)], _bundle, time.GetUtcNow()).Id == Id(workload);
    }

    /// <summary>What a stranger can make alone: a certificate that says the right name and that nobody vouches for.</summary>
    private X509Certificate2 Forge(SpiffeId id)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(id.ToString()));
        request.CertificateExtensions.Add(names.Build(critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        var now = time.GetUtcNow();
        return request.CreateSelfSigned(now.AddMinutes(-1), now.AddHours(1));
    }
}
