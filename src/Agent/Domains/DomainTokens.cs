using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Rpc;

namespace MeshGrains.Agent.Domains;

/// <summary>JWT-SVIDs of several trust domains in one answer, each from its own control plane; one that does not answer keeps nobody from the others' for long.</summary>
internal sealed class DomainTokens(IReadOnlyDictionary<string, JwtSvidCache> caches, TimeProvider time)
{
    /// <summary>How long the others are waited for once there is a token.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>An answer for each entry, in their order: a token or why there is none.</summary>
    public async Task<IReadOnlyList<(AgentEntry Entry, JwtAnswer Answer)>> FetchAsync(
        IReadOnlyList<Entitlement> entitled, IReadOnlyList<string> audience, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asked = entitled.Select(part => (Part: part, Answers: caches[part.Domain.TrustDomain.Name].FetchAsync(part.Entries, audience, ending.Token))).ToList();
        Task? patience = null;
        while (asked.Where(item => !item.Answers.IsCompleted).Select(item => (Task)item.Answers).ToList() is { Count: > 0 } waiting && patience is not { IsCompleted: true })
        {
            if (asked.Any(item => item.Answers.IsCompletedSuccessfully && item.Answers.Result.Any(answer => answer.Held is not null)))
            {
                patience ??= Clock.PauseAsync(time, Patience, ending.Token);
            }

            await Task.WhenAny(patience is null ? waiting : [.. waiting, patience]);
        }

        cancellationToken.ThrowIfCancellationRequested();
        var answers = new List<(AgentEntry Entry, JwtAnswer Answer)>();
        foreach (var (part, told) in asked)
        {
            answers.AddRange(told.IsCompleted
                ? part.Entries.Zip(await told)
                : part.Entries.Select(entry => (entry, JwtAnswer.Refused(RpcStatusCode.Unavailable, $"The control plane of {part.Domain.TrustDomain} has not answered in time."))));
        }

        await ending.CancelAsync();
        return answers;
    }
}
