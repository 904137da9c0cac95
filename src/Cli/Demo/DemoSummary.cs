namespace MeshGrains.Cli;

/// <summary>What the demo found, for programs.</summary>
internal sealed record DemoSummary(bool Passed, IReadOnlyList<DemoExpectation> Expectations);

internal sealed record DemoExpectation(string Text, bool Held);
