using System.Text.Json.Nodes;
using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>What one kind of object has of its own: where it lies, and how it carries a bundle.</summary>
internal interface IKubernetesKind
{
    /// <summary>The object in words for an operator.</summary>
    string What { get; }

    string Kind { get; }

    string Name { get; }

    /// <summary>The path of its collection, as <c>/api/v1/namespaces/NS/configmaps</c>.</summary>
    /// <exception cref="PublishingException">The API server does not have this kind.</exception>
    Task<string> CollectionAsync(KubernetesApi api, CancellationToken cancellationToken);

    /// <summary>Members beside <c>metadata</c> that carry the bundle; nothing else of an object that is there already is touched.</summary>
    JsonObject Content(PublishedBundle bundle);
}
