using MeshGrains.Gateway.Acme;

namespace MeshGrains.Gateway.Tests.Acme;

/// <summary>What a grain keeps, for several endpoints.</summary>
internal sealed class MemoryAcmeStore
{
    private readonly Lock _gate = new();
    private byte[] _stored = new AcmeDocument().Write();

    public AcmeDocument Document => AcmeDocument.Read(_stored);

    public IAcmeStore For(bool writes) => new Store(this, writes);

    /// <summary>Between two writes of others.</summary>
    public void Change(Func<AcmeDocument, AcmeDocument> change)
    {
        lock (_gate)
        {
            var now = Document;
            _stored = (change(now) with { Number = now.Number + 1 }).Write();
        }
    }

    private bool Save(AcmeDocument next)
    {
        lock (_gate)
        {
            if (next.Number != Document.Number + 1)
            {
                return false;
            }

            _stored = next.Write();
            return true;
        }
    }

    private sealed class Store(MemoryAcmeStore owner, bool writes) : IAcmeStore
    {
        public Task<AcmeDocument> LoadAsync(CancellationToken cancellationToken) => Task.FromResult(owner.Document);

        public Task<bool> SaveAsync(AcmeDocument next, CancellationToken cancellationToken) => Task.FromResult(writes && owner.Save(next));
    }
}
