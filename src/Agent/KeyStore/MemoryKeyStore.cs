using MeshGrains.Agent.Svids;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.KeyStore;

/// <summary>Keeps nothing beyond the process.</summary>
internal sealed class MemoryKeyStore : IAgentKeyStore
{
    public string TokenHint =>
        "This agent keeps its identity in memory alone (keyStore.mode: memory), so each start needs a fresh token; keyStore.mode: disk, or another way of node attestation, needs none";

    public (Svid Svid, SvidKey Key)? LoadIdentity() => null;

    public void SaveIdentity(Svid svid, SvidKey key)
    {
    }

    public void ForgetIdentity()
    {
    }

    public SavedState? LoadState() => null;

    public void SaveState(AgentSnapshot snapshot)
    {
    }
}
