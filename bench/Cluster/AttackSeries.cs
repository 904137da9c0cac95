namespace MeshGrains.Bench;

/// <summary>Attacks on one cluster, one after another, and the questions that show what came of each.</summary>
internal abstract class AttackSeries(DrillCluster cluster, TamperTarget target, CancellationToken cancellationToken)
{
    protected const string Identities = "registrations/identities/";
    private static readonly byte[] Body = IstioMessages.Request(CertificateRequests.Make(1)[0]);
    private readonly List<TamperAttack> _done = [];
    private readonly List<TamperAttack> _notCovered = [];
    private readonly List<TamperAttack> _controls = [];

    public IReadOnlyList<TamperAttack> Done => _done;

    /// <summary>What is known not to be noticed, with what came of it here: no attack that passed, and no promise.</summary>
    public IReadOnlyList<TamperAttack> NotCovered => _notCovered;

    public IReadOnlyList<TamperAttack> Controls => _controls;

    protected DrillCluster Cluster => cluster;

    protected TamperTarget Target => target;

    protected BlobRest Blobs => target.Blobs;

    protected CancellationToken Cancellation => cancellationToken;

    protected void Attacked(TamperAttack attack) => Add(_done, attack, "attack");

    protected void KnownGap(TamperAttack attack) => Add(_notCovered, attack, "not covered");

    protected void Untouched(TamperAttack control) => Add(_controls, control, "control");

    /// <summary>Asks the front for a certificate with a bearer token.</summary>
    protected Task<SingleCall> AskAsync(string token) => SingleCall.TryAsync(cluster.Front, new Call(Hpack.Bearer(token), Body, 0), cancellationToken);

    protected Task<SingleCall> AskAsync(GrpcTarget where, string token) => SingleCall.TryAsync(where, new Call(Hpack.Bearer(token), Body, 0), cancellationToken);

    protected static string Said(SingleCall call) => call.Status == CallOutcome.Ok ? "a certificate was issued" : $"status {call.Status} {Uri.UnescapeDataString(call.StatusMessage)}";

    /// <summary>The identity blob that making an entry brought.</summary>
    protected async Task<(string Entry, StoredBlob Blob)> EntryAsync(Func<AdminClient, Task<string>> make)
    {
        var before = await Blobs.ListAsync(TamperTarget.State, cancellationToken);
        using var admin = await cluster.AdminAsync(cancellationToken);
        var entry = await make(admin);
        var name = (await Blobs.ListAsync(TamperTarget.State, cancellationToken)).Except(before, StringComparer.Ordinal)
            .Single(name => name.StartsWith(Identities, StringComparison.Ordinal));
        return (entry, (await Blobs.ReadAsync(TamperTarget.State, name, cancellationToken))!);
    }

    private static void Add(List<TamperAttack> to, TamperAttack attack, string kind)
    {
        to.Add(attack);
        Progress.Say($"{kind}: {attack.Name}: {(attack.Accepted ? "accepted" : "refused")}: {attack.Outcome}");
    }
}
