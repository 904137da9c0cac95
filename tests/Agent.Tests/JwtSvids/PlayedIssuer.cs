using MeshGrains.Agent.Svids;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests.JwtSvids;

/// <summary>A control plane that signs, refuses, fails or keeps its caller waiting.</summary>
internal sealed class PlayedIssuer(TimeProvider time) : IJwtIssuer, IDisposable
{
    public JwtSigner Signer { get; set; } = JwtSigner.Create(JwtAlgorithm.ES256);

    public List<IssueJwtRequest> Requests { get; } = [];

    public RpcStatusCode? Fails { get; set; }

    /// <summary>What an entry is refused with; Ok signs.</summary>
    public Func<string, RpcStatusCode> Refuses { get; set; } = _ => RpcStatusCode.Ok;

    public Task Gate { get; set; } = Task.CompletedTask;

    public TimeSpan Life { get; set; } = TimeSpan.FromMinutes(5);

    public string? Subject { get; set; }

    public async Task<IssueJwtResponse> IssueAsync(IssueJwtRequest request, CancellationToken cancellationToken)
    {
        lock (Requests)
        {
            Requests.Add(request);
        }

        await Gate;
        if (Fails is { } code)
        {
            throw new RpcException(code, "It fails.");
        }

        var response = new IssueJwtResponse();
        response.Results.AddRange(request.Items.Select(item => Refuses(item.EntryId) is not RpcStatusCode.Ok and var refused
            ? new IssueJwtResponse.Types.Result { EntryId = item.EntryId, Code = (int)refused, Reason = "test", Message = "Refused." }
            : new IssueJwtResponse.Types.Result { EntryId = item.EntryId, Svid = new MeshGrains.Rpc.Agents.JwtSvid { Token = Sign(item) } }));
        return response;
    }

    public void Dispose() => Signer.Dispose();

    private string Sign(IssueJwtRequest.Types.Item item) => JwtSvidWriter.Write(Signer, new JwtSvidRequest
    {
        Subject = SpiffeId.Parse(Subject ?? $"spiffe://test.mesh/{item.EntryId}"), Audience = item.Audience, IssuedAt = time.GetUtcNow(), ExpiresAt = time.GetUtcNow() + Life,
    });
}
