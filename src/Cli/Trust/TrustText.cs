namespace MeshGrains.Cli;

/// <summary>The trust graph as indented lines.</summary>
internal static class TrustText
{
    public static void Print(Printer printer, TrustView trust)
    {
        printer.Line($"{trust.TrustDomain}, seen from cluster {trust.Cluster} at {Printable.Of(trust.Now)}");
        foreach (var problem in trust.Problems ?? [])
        {
            printer.Line($"  PROBLEM: {problem}");
        }

        if (trust.Domain is { } domain)
        {
            printer.Line($"  bundle {domain.BundleNumber}, refresh hint {Durations.Format(TimeSpan.FromSeconds(domain.RefreshHintSeconds))}");
            if (TrustWords.Of(domain.Rotation) is { } rotation)
            {
                printer.Line($"  root rotation: {rotation}");
            }

            foreach (var root in domain.Roots ?? [])
            {
                printer.Line($"  root {root.AuthorityId}: {root.State}, {TrustWords.Ends(root.NotAfter, root.SecondsLeft)}, key {root.KeyReference}");
                PrintIssuingCas(printer, (trust.IssuingCas ?? []).Where(ca => ca.RootAuthorityId == root.AuthorityId));
            }

            var known = (domain.Roots ?? []).Select(root => root.AuthorityId).ToHashSet(StringComparer.Ordinal);
            var orphans = (trust.IssuingCas ?? []).Where(ca => !known.Contains(ca.RootAuthorityId)).ToList();
            if (orphans.Count > 0)
            {
                printer.Line("  under roots that are gone:");
                PrintIssuingCas(printer, orphans);
            }

            foreach (var key in domain.JwtKeys ?? [])
            {
                printer.Line($"  JWT key {key.KeyId} of cluster {key.Cluster}: {(key.State is null ? "" : $"{key.State}, ")}{TrustWords.Ends(key.NotAfter, key.SecondsLeft)}");
            }
        }

        foreach (var silo in trust.Silos ?? [])
        {
            printer.Line($"  silo {TrustWords.Of(silo)}");
        }

        if (trust.Agents is { } agents)
        {
            printer.Line($"  agents: {TrustWords.Of(agents)}");
        }

        foreach (var peer in trust.Federated ?? [])
        {
            PrintPeer(printer, peer);
        }

        if (trust.Federated is { Count: 0 })
        {
            printer.Line("federates with nobody");
        }
    }

    private static void PrintIssuingCas(Printer printer, IEnumerable<TrustIssuingCaItem> issuingCas)
    {
        foreach (var ca in issuingCas)
        {
            printer.Line(
                $"    issuing CA {ca.AuthorityId} of {ca.Silo}: {ca.State}, {TrustWords.Ends(ca.NotAfter, ca.SecondsLeft)}, from bundle {ca.BundleNumber}"
                + $"{(ca.Live is { } live ? $", {live} live certificates" : "")}{(ca.SealedAt is { } at ? $", fenced {Printable.Of(at)}" : "")}");
        }
    }

    private static void PrintPeer(Printer printer, TrustPeerItem peer)
    {
        printer.Line($"federates with {peer.TrustDomain}: {TrustWords.Sequence(peer)}, {TrustWords.Fetched(peer)}, {peer.JwtKeys} JWT keys, {peer.Profile} {peer.Url}");
        if (peer.Failure is { } failure)
        {
            printer.Line($"  PROBLEM: {failure}");
        }

        foreach (var root in peer.Roots ?? [])
        {
            printer.Line($"  root {root.AuthorityId}: {TrustWords.Ends(root.NotAfter, root.SecondsLeft)}");
        }
    }
}
