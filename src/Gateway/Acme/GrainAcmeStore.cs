using System.Security.Cryptography;
using MeshGrains.Grains;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Acme;

/// <summary>In a silo: the cluster's grain keeps the sealed document, and each silo opens it for itself.</summary>
internal sealed class GrainAcmeStore(IGrainFactory grains, AcmeSeal seal, RecordKeyRing recordKey, IOptions<TrustDomainOptions> trustDomain) : IAcmeStore
{
    private readonly string _cluster = trustDomain.Value.ClusterKey;

    private IAcmeGrain Grain => grains.GetGrain<IAcmeGrain>(_cluster);

    public async Task<AcmeDocument> LoadAsync(CancellationToken cancellationToken)
    {
        await recordKey.Ready.WaitAsync(cancellationToken);
        var box = await Grain.GetAsync().WaitAsync(cancellationToken);
        if (box.Number == 0)
        {
            return new AcmeDocument();
        }

        var clear = seal.Open(_cluster, box.Box);
        try
        {
            var document = AcmeDocument.Read(clear);
            return document.Number == box.Number
                ? document
                : throw new RecordTamperedException($"acme/{_cluster}", $"the document is number {document.Number} and stands as number {box.Number}.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(clear);
        }
    }

    public async Task<bool> SaveAsync(AcmeDocument next, CancellationToken cancellationToken)
    {
        var clear = next.Write();
        try
        {
            return await Grain.PutAsync(new SealedAcme(next.Number, seal.Seal(_cluster, clear))).WaitAsync(cancellationToken);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(clear);
        }
    }
}
