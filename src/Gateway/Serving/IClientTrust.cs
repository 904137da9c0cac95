using MeshGrains.Identity;

namespace MeshGrains.Gateway.Serving;

/// <summary>The trust bundle that clients' certificates are judged by.</summary>
internal interface IClientTrust
{
    /// <summary>Null while there is none.</summary>
    SpiffeBundle? Bundle { get; }

    /// <summary>Raised after another bundle came into use.</summary>
    event Action? Changed;

    /// <summary>False where a silo judges the certificates again: a copy that is behind then turns nobody away.</summary>
    bool IsLastWord => true;
}
