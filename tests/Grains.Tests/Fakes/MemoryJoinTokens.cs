namespace MeshGrains.Grains.Tests;

internal sealed class MemoryJoinTokens : IJoinTokenStore
{
    private readonly Lock _gate = new();

    public Dictionary<string, JoinToken> Tokens { get; } = [];

    public ValueTask AddAsync(JoinToken token, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Tokens.Add(token.TokenHash, token);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<JoinToken?> TryConsumeAsync(string trustDomain, string tokenHash, string claim, DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return ValueTask.FromResult(Tokens.Remove(tokenHash, out var token) && token.ExpiresAt > now ? token : null);
        }
    }

    public ValueTask<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var old = Tokens.Values.Where(token => token.ExpiresAt < before).ToList();
            old.ForEach(token => Tokens.Remove(token.TokenHash));
            return ValueTask.FromResult(old.Count);
        }
    }
}
