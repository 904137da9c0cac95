using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Agent.Tests.Attacks;

/// <summary>EC2 instances by documents in AWS's form, signed by the test's own certificate in AWS's place.</summary>
public sealed class CloudDocumentTests(AttackedSilo attacked) : IClassFixture<AttackedSilo>
{
    [SkippableFact]
    public async Task The_agent_attests_by_what_the_metadata_service_gives_it()
    {
        var builder = WebApplication.CreateSlimBuilder();
        await using var metadata = builder.Build();
        metadata.Urls.Add("http://127.0.0.1:0");
        metadata.MapPut("/latest/api/token", (HttpContext http) => http.Request.Headers["X-aws-ec2-metadata-token-ttl-seconds"] == "60" ? "session" : "none");
        metadata.MapGet("/latest/dynamic/instance-identity/rsa2048", (HttpContext http) => http.Request.Headers["X-aws-ec2-metadata-token"] == "session"
            ? Results.Text(attacked.Aws.Answer(AwsSigner.Document("i-0aaaaaaaaaaaaaaaa"))) : Results.Unauthorized());
        await metadata.StartAsync();

        await using var agent = await attacked.StartAgentAsync("aws", "node.attestor=aws", $"node.aws.metadata={metadata.Urls.First()}");

        await attacked.ConnectedAsync("aws_iid/123456789012/eu-west-1/i-0aaaaaaaaaaaaaaaa", "aws_iid");
    }

    [SkippableFact]
    public async Task An_instance_attests_once_until_it_is_evicted()
    {
        const string Name = "aws_iid/123456789012/eu-west-1/i-0bbbbbbbbbbbbbbbb";
        var document = attacked.Aws.Sign(AwsSigner.Document("i-0bbbbbbbbbbbbbbbb"));
        Assert.Equal(AttackedSilo.Id(Name), (await AttestAsync(document)).Svid.SpiffeId);

        await RefusedAsync("already_attested", document, Name);
        await attacked.Silo.PostAsync($"/v1/agents/{Uri.EscapeDataString(Name)}/evict", new { reason = "rebuilt" });
        Assert.Equal(AttackedSilo.Id(Name), (await AttestAsync(document)).Svid.SpiffeId);
    }

    [SkippableFact]
    public async Task Documents_that_AWS_did_not_sign_or_for_others_admit_nobody()
    {
        using var forger = new AwsSigner("Amazon Web Services LLC");
        var document = AwsSigner.Document("i-0cccccccccccccccc");
        await RefusedAsync("aws_signature", forger.Sign(document));

        // With the forger's certificate inside it holds in itself, and says nothing here.
        await RefusedAsync("aws_signature", forger.Sign(document, "-indef"));
        await RefusedAsync("node_not_allowed", attacked.Aws.Sign(AwsSigner.Document("i-0cccccccccccccccc", account: "210987654321")), "210987654321");
        await RefusedAsync("node_not_allowed", attacked.Aws.Sign(AwsSigner.Document("i-0cccccccccccccccc", region: "us-east-1")), "us-east-1");

        var signed = attacked.Aws.Sign(document);
        var text = Encoding.ASCII.GetString(signed).IndexOf("i-0cccc", StringComparison.Ordinal);
        signed[text + 5] = (byte)'d';
        await RefusedAsync("aws_malformed", signed);
        await RefusedAsync("aws_malformed", attacked.Aws.Sign(AwsSigner.Document("../../../x")));
        await RefusedAsync("aws_malformed", attacked.Aws.Sign("[]"));
        await RefusedAsync("aws_malformed", attacked.Aws.Sign(document, "-nocerts", "-noattr"));
        await RefusedAsync("aws_malformed", attacked.Aws.Sign(document, "-nocerts", "-md", "sha1"));
        await RefusedAsync("aws_malformed", Encoding.ASCII.GetBytes(document));
        await RefusedAsync("aws_malformed", [0x30, 0x80]);
    }

    [SkippableFact]
    public void No_change_of_a_byte_makes_another_document_hold_and_none_makes_reading_fail_otherwise_than_by_saying_no()
    {
        var signed = attacked.Aws.Sign(AwsSigner.Document("i-0eeeeeeeeeeeeeeee"));
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(attacked.Aws.CertificateFile));
        using var key = certificate.GetRSAPublicKey()!;
        Assert.True(SignedDocument.TryRead(signed, out var good) && good.IsSignedBy(key));
        var refused = 0;
        for (var at = 0; at < signed.Length; at++)
        {
            foreach (var change in new byte[] { 0x01, 0x80, 0xFF })
            {
                var changed = (byte[])signed.Clone();
                changed[at] ^= change;
                if (SignedDocument.TryRead(changed, out var read) && read.IsSignedBy(key))
                {
                    Assert.Equal(good.Content, read.Content);
                }
                else
                {
                    refused++;
                }
            }

            Assert.False(SignedDocument.TryRead(signed.AsMemory(0, at), out _));
        }

        Assert.True(refused > signed.Length, $"{refused} of {3 * signed.Length} changes were refused");
    }

    private async Task<AttestResponse> AttestAsync(byte[] document)
    {
        using var newcomer = new RawAgent(attacked.Silo);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return await newcomer.AttestNodeAsync("aws_iid", [document], (_, _) => throw new InvalidOperationException("No challenge belongs to this."), key);
    }

    private async Task RefusedAsync(string reason, byte[] document, params string[] words)
    {
        var before = await attacked.CountedAsync("agent", reason);
        Assert.Equal(reason, await RawAgent.RefusedAsync(() => AttestAsync(document)));
        await attacked.ToldAsync("agent", reason, before, words);
    }
}
