using System.Net;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Harness;

internal sealed class FakeAdmission : IAdmission
{
    private int _inside;

    public Refusal? Entry { get; set; }

    public Refusal? Quota { get; set; }

    public int Inside => _inside;

    public AdmissionClass? LastHint { get; private set; }

    public int Entered { get; private set; }

    public AdmissionLease? TryEnter(IPAddress remote, AdmissionClass hint, out Refusal? refusal)
    {
        LastHint = hint;
        refusal = Entry;
        if (refusal is not null)
        {
            return null;
        }

        Interlocked.Increment(ref _inside);
        Entered++;
        return new Lease(this);
    }

    public Refusal? CheckQuota(AuthenticatedCaller caller) => Quota;

    private sealed class Lease(FakeAdmission owner) : AdmissionLease
    {
        private int _released;

        protected override void Release()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
            {
                Interlocked.Decrement(ref owner._inside);
            }
        }
    }
}
