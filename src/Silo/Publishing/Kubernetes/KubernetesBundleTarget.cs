using System.Globalization;
using System.Text.Json.Nodes;
using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>
/// The bundle in an object of a Kubernetes API. Whose it is and which number it holds stand in annotations; each write names the resource version that
/// it saw, so that of silos that write at once one is first and the others look again.
/// </summary>
internal sealed class KubernetesBundleTarget(string name, IKubernetesKind kind, KubernetesApi api, TimeSpan declaredLag) : IBundleTarget
{
    public const string OwnerAnnotation = "meshgrains.io/trust-domain";
    public const string NumberAnnotation = "meshgrains.io/bundle-number";

    private const int MaxTries = 5;

    public string Name => name;

    public TimeSpan DeclaredLag => declaredLag;

    public async Task<long> PublishAsync(PublishedBundle bundle, CancellationToken cancellationToken)
    {
        var collection = await kind.CollectionAsync(api, cancellationToken);
        var path = $"{collection}/{kind.Name}";
        for (var i = 0; i < MaxTries; i++)
        {
            var content = kind.Content(bundle);
            if (await api.GetAsync(path, cancellationToken) is not { } there)
            {
                if (await api.CreateAsync(collection, Whole(collection, content, bundle), cancellationToken))
                {
                    return bundle.Number;
                }

                continue;
            }

            if (Lying(there, bundle.TrustDomain) is { } lies && (lies > bundle.Number || (lies == bundle.Number && Holds(there, content))))
            {
                return lies;
            }

            var version = Text((there["metadata"] as JsonObject)?["resourceVersion"])
                ?? throw new PublishingException($"The API server tells no resource version of {kind.What}; without one a newer bundle could be overwritten.");
            content["metadata"] = new JsonObject { ["resourceVersion"] = version, ["annotations"] = Annotations(bundle) };
            if (await api.PatchAsync(path, content, cancellationToken))
            {
                return bundle.Number;
            }
        }

        throw new PublishingException($"{kind.What} was changed by others {MaxTries} times while it was written. It is tried again; look at who else writes to it.");
    }

    /// <summary>The number that lies there; null when it tells none that can be read.</summary>
    /// <exception cref="PublishingException">It is not ours.</exception>
    private long? Lying(JsonObject there, string trustDomain)
    {
        var annotations = (there["metadata"] as JsonObject)?["annotations"] as JsonObject;
        return Text(annotations?[OwnerAnnotation]) switch
        {
            null => throw new PublishingException(
                $"{kind.What} is there and not made by MeshGrains, so it is not touched. Delete it, name another, or annotate it with {OwnerAnnotation}={trustDomain}."),
            var owner when owner != trustDomain => throw new PublishingException(
                $"{kind.What} holds the bundle of the trust domain {Shown(owner)}, and an output carries one trust domain. Name another object."),
            _ => long.TryParse(Text(annotations?[NumberAnnotation]), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
        };
    }

    private JsonObject Whole(string collection, JsonObject content, PublishedBundle bundle)
    {
        var parts = collection.Split('/');
        content["apiVersion"] = parts[1] == "api" ? parts[2] : $"{parts[2]}/{parts[3]}";
        content["kind"] = kind.Kind;
        content["metadata"] = new JsonObject
        {
            ["name"] = kind.Name,
            ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "meshgrains" },
            ["annotations"] = Annotations(bundle),
        };
        return content;
    }

    private static JsonObject Annotations(PublishedBundle bundle) => new()
    {
        [OwnerAnnotation] = bundle.TrustDomain,
        [NumberAnnotation] = bundle.Number.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Whether everything in <paramref name="wanted"/> stands in <paramref name="there"/>.</summary>
    private static bool Holds(JsonNode? there, JsonNode? wanted) => wanted is JsonObject members
        ? there is JsonObject all && members.All(member => Holds(all[member.Key], member.Value))
        : JsonNode.DeepEquals(there, wanted);

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static string Shown(string text) => text.Length <= 255 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') ? text : "of another";
}
