using System.Net;

namespace MeshGrains.Gateway;

/// <summary>Hears of failed authentications, so that an address that sends bad tokens is soon turned away unheard.</summary>
internal interface IFailurePenalty
{
    void Failed(IPAddress remote);
}
