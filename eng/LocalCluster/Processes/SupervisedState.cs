namespace MeshGrains.LocalCluster;

/// <summary>What a supervised process is doing.</summary>
public enum SupervisedState
{
    /// <summary>It is not wanted now.</summary>
    Stopped,

    Running,

    /// <summary>It ended and will be started again.</summary>
    Waiting,

    /// <summary>It ended with a wrong configuration and is not started again.</summary>
    Failed,
}
