namespace MeshGrains.Grains;

/// <summary>
/// A silo's list of an issuing CA of its own. Its key is named by the authority id, so that the list proves itself; <paramref name="AuthorityEndsAt"/> is the
/// CA's end, after which nobody asks for it.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.PublishCrl")]
public sealed record PublishCrl(
    [property: Id(0)] string AuthorityId,
    [property: Id(1)] byte[] SubjectPublicKeyInfo,
    [property: Id(2)] DateTimeOffset AuthorityEndsAt,
    [property: Id(3)] byte[] Der);
