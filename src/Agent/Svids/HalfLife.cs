using MeshGrains.Agent.Hosting;

namespace MeshGrains.Agent.Svids;

/// <summary>When a certificate is renewed: at half of what is left of it when it comes, spread so that a fleet does not come at once.</summary>
internal static class HalfLife
{
    /// <param name="now">When it came; notBefore lies in the past and says nothing.</param>
    /// <param name="notAfter">Its end.</param>
    /// <param name="spread">The part of the life by which the moment moves to either side.</param>
    /// <param name="jitter">Where the spread comes from.</param>
    public static DateTimeOffset Of(DateTimeOffset now, DateTimeOffset notAfter, double spread, IJitter jitter) =>
        now + ((notAfter - now) * (0.5 + jitter.Next(spread) - 1));
}
