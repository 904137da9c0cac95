using MeshGrains.Agent.Svids;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.KeyStore;

/// <summary>What an agent keeps over its restarts.</summary>
internal interface IAgentKeyStore
{
    /// <summary>The agent's own identity, unless there is none, or what there is cannot be used; the log tells of that.</summary>
    (Svid Svid, SvidKey Key)? LoadIdentity();

    /// <summary>Keeps it before it is used; trouble is logged, since the agent goes on without.</summary>
    void SaveIdentity(Svid svid, SvidKey key);

    /// <summary>It was refused, or has ended.</summary>
    void ForgetIdentity();

    SavedState? LoadState();

    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    void SaveState(AgentSnapshot snapshot);

    /// <summary>What an operator can do when a join token was used already.</summary>
    string TokenHint { get; }
}
