namespace MeshGrains.Agent.Hosting;

/// <summary>Spreads moments apart; injected, so that tests can decide.</summary>
internal interface IJitter
{
    /// <summary>A factor drawn evenly from 1 - <paramref name="spread"/> to 1 + <paramref name="spread"/>.</summary>
    double Next(double spread);
}
