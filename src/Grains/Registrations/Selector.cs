namespace MeshGrains.Grains;

/// <summary>One attested fact about a workload, in SPIRE's form: a type (<c>k8s</c>) and a value (<c>ns:shop</c>).</summary>
[GenerateSerializer, Immutable, Alias("mg.Selector")]
public sealed record Selector([property: Id(0)] string Type, [property: Id(1)] string Value)
{
    /// <summary>Reads <c>type:value</c>; both parts must be present.</summary>
    public static bool TryParse(string? text, out Selector? selector)
    {
        selector = null;
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (text is null || colon <= 0 || colon == text.Length - 1)
        {
            return false;
        }

        selector = new Selector(text[..colon], text[(colon + 1)..]);
        return true;
    }

    public override string ToString() => $"{Type}:{Value}";
}
