using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Bench;

/// <summary>Attests agents one after another, each with its own key and its own join token, as many connections as ask for the next one.</summary>
internal sealed class AttestScript(IReadOnlyList<string> tokens, ECDsa[] keys, Action<int, X509Certificate2, X509Certificate2Collection> attested) : ICallScript
{
    private int _next = -1;
    private int _failed;

    public int Failed => _failed;

    public string FirstFailure { get; private set; } = "";

    public Call? Next()
    {
        var index = Interlocked.Increment(ref _next);
        if (index >= tokens.Count)
        {
            return null;
        }

        var request = new AttestRequest { Csr = ByteString.CopyFrom(CertificateSigningRequestWriter.Write(keys[index])) };
        return new Call(Hpack.Bearer(tokens[index]), IstioMessages.Frame(request), index);
    }

    public void Ended(in CallOutcome outcome)
    {
        if (outcome.Status != CallOutcome.Ok)
        {
            if (Interlocked.Increment(ref _failed) == 1)
            {
                FirstFailure = $"status {outcome.Status} {Uri.UnescapeDataString(outcome.StatusMessage)}";
            }

            return;
        }

        var chain = AttestResponse.Parser.ParseFrom(outcome.Message).Svid.Chain;
        using var bare = X509CertificateLoader.LoadCertificate(chain[0].Span);
        attested(
            outcome.Call.Tag, bare.CopyWithPrivateKey(keys[outcome.Call.Tag]), [.. chain.Skip(1).Select(der => X509CertificateLoader.LoadCertificate(der.Span))]);
    }
}
