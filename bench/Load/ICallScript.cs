namespace MeshGrains.Bench;

/// <summary>What one connection says and hears. Called from one thread at a time.</summary>
internal interface ICallScript
{
    /// <summary>The next call; null when no further one is wanted, after which the connection ends once all calls under way have.</summary>
    Call? Next();

    /// <summary>A call ended.</summary>
    void Ended(in CallOutcome outcome);
}
