namespace MeshGrains.Grains;

/// <summary>What agents are to replace before its time, as this silo knows it now.</summary>
public interface IReissueOrders
{
    /// <summary>One for an authority, by its id; the same list until it changes.</summary>
    IReadOnlyList<ReissueOrder> Current { get; }

    /// <summary>Raised after it changed by anything but a denial, of which all who watch hear anyway. Handlers only signal.</summary>
    event Action? Changed;
}
