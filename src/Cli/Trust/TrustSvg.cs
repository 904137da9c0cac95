namespace MeshGrains.Cli;

/// <summary>
/// The trust graph as a picture: the trust domain on the left, its roots and JWT keys beside it, the issuing CAs on the right; foreign trust domains
/// below, each with its roots.
/// </summary>
internal static class TrustSvg
{
    private const int Left = 20;
    private const int Column = SvgCanvas.BoxWidth + 70;
    private const int Gap = 14;

    /// <summary>More are told by their number: a picture of thousands shows nothing.</summary>
    private const int MaxDrawn = 200;

    public static string Draw(TrustView trust)
    {
        var canvas = new SvgCanvas();
        canvas.Caption(Left, 28, $"Trust of {trust.TrustDomain}, seen from cluster {trust.Cluster} at {Printable.Of(trust.Now)}");
        var top = 46;
        var own = OwnLines(trust);
        var domainBottom = canvas.Box(Left, top, "#1f3b70", own);
        var from = (X: Left + SvgCanvas.BoxWidth, Y: top + (SvgCanvas.HeightOf(own.Count) / 2));
        var (rootsY, issuersY) = (top, top);
        var drawn = new HashSet<string>(StringComparer.Ordinal);
        foreach (var root in trust.Domain?.Roots ?? [])
        {
            var issuers = (trust.IssuingCas ?? []).Where(ca => ca.RootAuthorityId == root.AuthorityId).ToList();
            rootsY = Math.Max(rootsY, issuers.Count > 0 ? issuersY : rootsY);
            var (middle, bottom) = Node(canvas, from, 1, rootsY, ColourOf(root.State), [$"root {root.AuthorityId}", root.State, TrustWords.Ends(root.NotAfter, root.SecondsLeft), $"key {root.KeyReference}"]);
            issuersY = DrawIssuers(canvas, issuers, (Left + Column + SvgCanvas.BoxWidth, middle), Math.Max(issuersY, rootsY));
            rootsY = bottom + Gap;
            drawn.UnionWith(issuers.Select(ca => ca.AuthorityId));
        }

        issuersY = DrawIssuers(canvas, [.. (trust.IssuingCas ?? []).Where(ca => !drawn.Contains(ca.AuthorityId))], null, issuersY);
        foreach (var key in trust.Domain?.JwtKeys ?? [])
        {
            rootsY = Node(canvas, from, 1, rootsY, "#6a4c93", [$"JWT key {key.KeyId}", $"of cluster {key.Cluster}{(key.State is null ? "" : $", {key.State}")}", TrustWords.Ends(key.NotAfter, key.SecondsLeft)]).Bottom + Gap;
        }

        DrawPeers(canvas, trust.Federated ?? [], (Left + (SvgCanvas.BoxWidth / 2), domainBottom), Math.Max(domainBottom, Math.Max(rootsY, issuersY)) + 30);
        return canvas.Render($"Trust of {trust.TrustDomain}");
    }

    private static List<string> OwnLines(TrustView trust)
    {
        var lines = new List<string> { trust.TrustDomain };
        if (trust.Domain is { } domain)
        {
            lines.Add($"bundle {domain.BundleNumber}");
            if (TrustWords.Of(domain.Rotation) is { } rotation)
            {
                lines.Add($"root rotation: {rotation}");
            }
        }

        lines.AddRange((trust.Silos ?? []).Take(MaxDrawn).Select(silo => $"silo {TrustWords.Of(silo)}"));
        if (trust.Agents is { } agents)
        {
            lines.Add($"agents: {TrustWords.Of(agents)}");
        }

        lines.AddRange((trust.Problems ?? []).Select(problem => $"PROBLEM: {problem}"));
        return lines;
    }

    /// <summary>Those of one root, below one another; a root that is gone has no line to them. Returns where the next may begin.</summary>
    private static int DrawIssuers(SvgCanvas canvas, List<TrustIssuingCaItem> issuers, (int X, int Y)? from, int y)
    {
        foreach (var ca in issuers.Take(MaxDrawn))
        {
            List<string> lines =
            [
                $"issuing CA {ca.AuthorityId}", $"of {ca.Silo}, {ca.State}, from bundle {ca.BundleNumber}", TrustWords.Ends(ca.NotAfter, ca.SecondsLeft),
                $"{(ca.Live is { } live ? $"{live} live certificates" : "not counted")}{(ca.SealedAt is null ? "" : ", fenced")}",
            ];
            y = Node(canvas, from, 2, y, ColourOf(ca.State), lines).Bottom + Gap;
        }

        return issuers.Count <= MaxDrawn ? y : canvas.Box(Left + (2 * Column), y, "#808080", [$"and {issuers.Count - MaxDrawn} more issuing CAs"]) + Gap;
    }

    private static void DrawPeers(SvgCanvas canvas, IReadOnlyList<TrustPeerItem> peers, (int X, int Y) from, int y)
    {
        foreach (var peer in peers.Take(MaxDrawn))
        {
            List<string> lines = [peer.TrustDomain, $"{TrustWords.Sequence(peer)}, {TrustWords.Fetched(peer)}", $"{peer.JwtKeys} JWT keys, {peer.Profile}", peer.Url];
            if (peer.Failure is { } failure)
            {
                lines.Add($"PROBLEM: {failure}");
            }

            var bottom = canvas.Box(Left, y, peer.Failure is null ? "#2a7f8e" : "#b00020", lines);
            canvas.Link(from.X, from.Y, from.X, y, dashed: true);
            var start = (Left + SvgCanvas.BoxWidth, y + (SvgCanvas.HeightOf(lines.Count) / 2));
            var rootsY = y;
            foreach (var root in (peer.Roots ?? []).Take(MaxDrawn))
            {
                rootsY = Node(canvas, start, 1, rootsY, "#2a7f8e", [$"root {root.AuthorityId}", TrustWords.Ends(root.NotAfter, root.SecondsLeft)]).Bottom + Gap;
            }

            (from, y) = ((from.X, bottom), Math.Max(bottom + Gap, rootsY) + Gap);
        }

        if (peers.Count > MaxDrawn)
        {
            canvas.Box(Left, y, "#808080", [$"and {peers.Count - MaxDrawn} more trust domains"]);
        }
    }

    private static (int Middle, int Bottom) Node(SvgCanvas canvas, (int X, int Y)? from, int column, int y, string colour, IReadOnlyList<string> lines)
    {
        var x = Left + (column * Column);
        var bottom = canvas.Box(x, y, colour, lines);
        var middle = (y + bottom) / 2;
        if (from is { } start)
        {
            canvas.Link(start.X, start.Y, x, middle);
        }

        return (middle, bottom);
    }

    private static string ColourOf(string state) => state switch
    {
        "active" => "#1b7f3b",
        "prepared" => "#1f5fbf",
        "old" or "ended" => "#808080",
        "tainted" or "revoked" => "#b00020",
        _ => "#404040",
    };
}
