namespace MeshGrains.Gateway.Rest;

/// <summary>What the OpenAPI document tells of an endpoint beyond its shapes.</summary>
internal sealed record RestOperation(string Id, string Tag, string Summary, params IReadOnlyList<RestParameter> Parameters);

/// <summary>A parameter in the query or a header. Those in the path document themselves.</summary>
internal sealed record RestParameter(string Name, string In, string Description, bool Required = false, bool IsNumber = false)
{
    public static RestParameter Query(string name, string description, bool required = false) => new(name, "query", description, required);

    public static RestParameter Number(string name, string description) => new(name, "query", description, IsNumber: true);

    public static RestParameter Header(string name, string description, bool required = false) => new(name, "header", description, required);
}
