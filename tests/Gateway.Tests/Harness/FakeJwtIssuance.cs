using System.Collections.Concurrent;
using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Tests.Harness;

/// <summary>Signs really, with a key of its own, and remembers what it was asked; or refuses what a test wants.</summary>
internal sealed class FakeJwtIssuance : IJwtIssuanceService, IDisposable
{
    public JwtSigner Signer { get; set; } = JwtSigner.Create(JwtAlgorithm.ES256);

    public ConcurrentQueue<JwtRequest> Requests { get; } = new();

    /// <summary>Why an entry is refused; null when it is not.</summary>
    public Func<JwtRequest, Refusal?> Refuse { get; set; } = _ => null;

    public string? NotReadyReason => null;

    public JwtAuthority Authority => new(Signer.KeyId, Signer.SubjectPublicKeyInfo);

    public ValueTask<(IssuedJwt? Svid, Refusal? Refusal)> IssueAsync(JwtRequest request, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        if (Refuse(request) is { } refusal)
        {
            return ValueTask.FromResult<(IssuedJwt?, Refusal?)>((null, refusal));
        }

        var now = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        var id = SpiffeId.Parse("spiffe://mesh.test/ns/shop/sa/cart");
        var token = JwtSvidWriter.Write(Signer, new JwtSvidRequest { Subject = id, Audience = request.Audience, IssuedAt = now, ExpiresAt = now.AddMinutes(5) });
        return ValueTask.FromResult<(IssuedJwt?, Refusal?)>((new IssuedJwt(id.ToString(), token, now, now.AddMinutes(5)), null));
    }

    public void Dispose() => Signer.Dispose();
}
