namespace MeshGrains.Bench;

/// <summary>One thing that was done to the stores behind the silos' backs, and what came of it.</summary>
/// <param name="Name">What was done, and whether silos ran.</param>
/// <param name="Accepted">The control plane took what was planted for its own.</param>
/// <param name="Outcome">How it showed.</param>
internal sealed record TamperAttack(string Name, bool Accepted, string Outcome);
