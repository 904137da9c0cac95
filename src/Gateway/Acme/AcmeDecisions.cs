using MeshGrains.Grains;

namespace MeshGrains.Gateway.Acme;

/// <summary>When a certificate is ordered and by whom, as pure functions.</summary>
internal static class AcmeDecisions
{
    /// <summary>Longer than an order may take: whoever died in one is followed by another.</summary>
    public static readonly TimeSpan TurnHolds = TimeSpan.FromMinutes(10);

    public static readonly TimeSpan OrderTakes = TimeSpan.FromMinutes(5);

    /// <summary>Doubled with each failure. Public CAs count five failed validations an hour.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(6);
    private static readonly TimeSpan AskAtLeast = TimeSpan.FromHours(1);
    public static readonly TimeSpan AskAtMost = TimeSpan.FromHours(24);
    private static readonly TimeSpan AskUsually = TimeSpan.FromHours(6);

    /// <param name="document">What is stored.</param>
    /// <param name="leaf">Of its certificate; null for none.</param>
    /// <param name="options">What is wanted.</param>
    /// <param name="self">Who decides.</param>
    /// <param name="now">The time.</param>
    public static AcmeStep Next(AcmeDocument document, AcmeLeaf? leaf, FederationAcmeOptions options, string self, DateTimeOffset now)
    {
        if (document.Turn is { } turn && turn.Holder != self && turn.Until > now)
        {
            return AcmeStep.Nothing;
        }

        if (leaf is null || document.Domain != options.DomainName || document.Directory != options.DirectoryUrl || RenewAt(leaf, document.Window) <= now)
        {
            return document.NextAttemptAt > now ? AcmeStep.Nothing : AcmeStep.Order;
        }

        return leaf.RenewalId is null || document.Window?.AskAgainAt > now ? AcmeStep.Nothing : AcmeStep.AskWhen;
    }

    /// <summary>Within the CA's window where it gives one, else about two thirds into the certificate's life. Never after its last tenth has begun.</summary>
    public static DateTimeOffset RenewAt(AcmeLeaf leaf, AcmeWindow? window)
    {
        var life = leaf.NotAfter - leaf.NotBefore;
        var latest = leaf.NotAfter - (life / 10);
        var at = window is { Start: { } start, End: { } end } && start <= end
            ? start + ((end - start) * leaf.Draw)
            : leaf.NotBefore + (life * (0.617 + (0.1 * leaf.Draw)));
        return at < latest ? at : latest;
    }

    public static AcmeDocument Take(AcmeDocument document, string self, DateTimeOffset now) => document with { Turn = new AcmeTurn(self, now + TurnHolds) };

    /// <summary>Leaves the certificate in use, and says when it is tried again.</summary>
    public static AcmeDocument Failed(AcmeDocument document, string why, TimeSpan? retryAfter, double jitter, DateTimeOffset now)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(document.Failures, 12)) * jitter;
        pause = pause < LongestPause ? pause : LongestPause;
        return document with
        {
            Turn = null, Answers = [], Failures = document.Failures + 1, Failure = why, NextAttemptAt = now + (retryAfter > pause ? retryAfter.Value : pause),
        };
    }

    public static AcmeDocument Issued(AcmeDocument document, FederationAcmeOptions options, string chain, byte[] key) => document with
    {
        Turn = null, Answers = [], Failures = 0, Failure = null, NextAttemptAt = null, Window = null, Domain = options.DomainName, Chain = chain, Key = key,
    };

    /// <summary>A window that the CA does not give is asked for again all the same: it may have one when many certificates have to be replaced early.</summary>
    public static AcmeDocument Asked(AcmeDocument document, AcmeRenewalWindow? window, TimeSpan? retryAfter, DateTimeOffset now)
    {
        var again = retryAfter ?? AskUsually;
        again = again < AskAtLeast ? AskAtLeast : again > AskAtMost ? AskAtMost : again;

        // One that makes no sense counts for none.
        var given = window is not null && window.Start < window.End ? window : null;
        return document with { Turn = null, Window = new AcmeWindow(given?.Start ?? document.Window?.Start, given?.End ?? document.Window?.End, now + again) };
    }
}
