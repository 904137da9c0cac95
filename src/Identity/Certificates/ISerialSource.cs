namespace MeshGrains.Identity;

/// <summary>Where serial numbers come from. Implementations are thread-safe.</summary>
public interface ISerialSource
{
    SerialNumber Next();
}
