using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Harness;

/// <summary>The orders that a test gives.</summary>
internal sealed class FakeReissues : IReissueOrders
{
    public event Action? Changed;

    public IReadOnlyList<ReissueOrder> Current { get; private set; } = [];

    public void Order(params ReissueOrder[] orders)
    {
        Current = orders;
        Changed?.Invoke();
    }
}
