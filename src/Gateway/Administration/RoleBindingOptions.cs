namespace MeshGrains.Gateway.Administration;

/// <summary>Gives roles to one operator, known by the SPIFFE ID of the certificate it presents.</summary>
public sealed class RoleBindingOptions
{
    /// <summary>An ID of this trust domain under <c>/meshgrains/</c>.</summary>
    public string SpiffeId { get; set; } = "";

    public IList<OperatorRole> Roles { get; } = [];

    /// <summary>For <c>register</c>: the paths at or below which registrations may be made; <c>/</c> for all but <c>/meshgrains/</c>.</summary>
    public IList<string> PathPrefixes { get; } = [];
}
