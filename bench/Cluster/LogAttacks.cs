namespace MeshGrains.Bench;

/// <summary>Attacks on the issuance log's blobs. The walk over the log, which <c>meshctl issuance verify</c> asks for, has to name each.</summary>
internal sealed class LogAttacks(DrillCluster cluster, TamperTarget target, CancellationToken cancellationToken)
{
    public async Task RunAsync(string when, Action<TamperAttack> attacked, Action<TamperAttack> untouched)
    {
        await using var steady = new DrillClients(cluster.Tokens, cluster.Front, ClientRules.Issue with { Clients = 4, Pause = TimeSpan.FromMilliseconds(20) }, firstAccount: 3000);
        await steady.UntilAllIssuedAsync(steady.Began, TimeSpan.FromSeconds(60), cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
        await steady.StopAsync();
        var findings = await VerifyAsync();
        untouched(new TamperAttack($"log untouched{when}", findings.Count == 0, LogAudit.First(findings)));
        var segment = await LargestSegmentAsync();
        await AttackAsync($"log segment edited{when}", segment, () => target.Blobs.WriteAsync(segment.With(Tampering.Edited(segment.Content)), cancellationToken), attacked);
        await AttackAsync($"log segment truncated{when}", segment, () => target.Blobs.WriteAsync(segment.With(Tampering.Truncated(segment.Content)), cancellationToken), attacked);
        await AttackAsync($"log segment deleted{when}", segment, () => target.Blobs.DeleteAsync(segment.Container, segment.Name, cancellationToken), attacked);
    }

    private async Task AttackAsync(string name, StoredBlob segment, Func<Task> attack, Action<TamperAttack> attacked)
    {
        await attack();
        var findings = await VerifyAsync();
        attacked(new TamperAttack(name, findings.Count == 0, findings.Count == 0 ? "the walk over the log finds nothing wrong" : $"named: {findings[0]}"));
        await target.Blobs.WriteAsync(segment, cancellationToken);
    }

    /// <summary>A walk that cannot be made because of what it met is a finding too.</summary>
    private async Task<IReadOnlyList<string>> VerifyAsync()
    {
        try
        {
            using var admin = await cluster.AdminAsync(cancellationToken);
            return await admin.VerifyLogAsync(cancellationToken);
        }
        catch (HttpRequestException failure)
        {
            return [failure.Message];
        }
    }

    private async Task<StoredBlob> LargestSegmentAsync()
        => (await target.Blobs.ReadAllAsync(TamperTarget.Log, cancellationToken)).Where(blob => blob.Type == StoredBlob.Append).MaxBy(blob => blob.Content.Length)
            ?? throw new InvalidOperationException("The log's container has no append blob.");
}
