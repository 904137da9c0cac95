using System.Reflection;
using System.Runtime.Loader;
using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Solo.Tests.Surface;

/// <summary>
/// Solo's public types are Orleans' own: what compiles against Solo compiles against Orleans. The reverse is not promised, except that whoever
/// implements an interface of Solo's has implemented Orleans'. Solo is loaded apart, since two assemblies with one type name cannot both be referenced.
/// </summary>
public sealed class SurfaceTests : IDisposable
{
    // What the host itself offers to whoever composes it; no grain sees it.
    private const string HostOnlyNamespace = "Orleans.Solo";

    // Grains call these and never implement them, so Solo may leave members out.
    private static readonly string[] OnlyCalled = ["Orleans.IGrainFactory", "Orleans.Runtime.IGrainContext"];

    private readonly AssemblyLoadContext _apart = new("Solo", isCollectible: true);
    private readonly List<Type> _solo;
    private readonly Dictionary<string, Type> _orleans;

    public SurfaceTests()
    {
        var path = typeof(SurfaceTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "SoloAssembly").Value!;
        _solo = [.. _apart.LoadFromAssemblyPath(path).GetExportedTypes().Where(type => type.Namespace != HostOnlyNamespace)];
        _orleans = Directory.GetFiles(AppContext.BaseDirectory, "Orleans.*.dll")
            .SelectMany(file => Assembly.Load(Path.GetFileNameWithoutExtension(file)).GetExportedTypes())
            .ToDictionary(type => type.FullName!);
    }

    public void Dispose() => _apart.Unload();

    [Fact]
    public void Solo_surface_matches_orleans()
    {
        Assert.True(_solo.Count > 40, $"Only {_solo.Count} types were read.");
        Assert.Same(typeof(Grain), _orleans[typeof(Grain).FullName!]);
        Assert.DoesNotContain(typeof(Grain), _solo);
        var differences = _solo.SelectMany(Differences).ToList();
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    [Fact]
    public void A_member_that_orleans_lacks_is_found()
    {
        // The control: read the other way round, Orleans has many members that Solo lacks.
        var solo = _solo.ToDictionary(type => type.FullName!);
        Assert.Contains("MigrateOnIdle", Missing(_orleans["Orleans.GrainBaseExtensions"], solo["Orleans.GrainBaseExtensions"]).Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void Hashes_of_grain_ids_are_the_ones_that_solo_computes()
    {
        foreach (var (id, hash) in GrainIdHashes.Known)
        {
            Assert.Equal(hash, GrainId.Parse(id).GetUniformHashCode());
        }
    }

    private static IEnumerable<string> Missing(Type here, Type there)
    {
        var known = Members(there).ToHashSet();
        return Members(here).Where(member => !known.Contains(member)).Select(member => $"{here.FullName}: {member}");
    }

    private static IEnumerable<string> Members(Type type)
    {
        const BindingFlags all = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (var member in type.GetMembers(all))
        {
            switch (member)
            {
                case MethodBase { IsPublic: false, IsFamily: false, IsFamilyOrAssembly: false }:
                    break;
                case MethodInfo method:
                    yield return $"{Modifiers(method)}{Name(method.ReturnType)} {method.Name}{Arity(method)}({Parameters(method)})";
                    break;
                case ConstructorInfo constructor:
                    yield return $".ctor({Parameters(constructor)})";
                    break;
                case FieldInfo { IsPublic: true } field:
                    yield return $"{Name(field.FieldType)} {field.Name}{(field.IsLiteral ? $" = {field.GetRawConstantValue()}" : "")}";
                    break;
            }
        }
    }

    private static string Modifiers(MethodInfo method) =>
        (method.IsStatic ? "static " : "") + (method.IsFamily ? "protected " : "") + (method is { IsVirtual: true, IsFinal: false } ? "virtual " : "");

    private static string Arity(MethodInfo method) => !method.IsGenericMethodDefinition ? "" :
        $"<{string.Join(", ", method.GetGenericArguments().Select(argument => $"{argument.GenericParameterPosition}: {string.Join('&', argument.GetGenericParameterConstraints().Select(Name).Order())}"))}>";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters()
        .Select(parameter => $"{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? $" = {parameter.RawDefaultValue ?? "default"}" : "")}"));

    private static string Name(Type type) => type switch
    {
        { IsGenericMethodParameter: true } => $"!!{type.GenericParameterPosition}",
        { IsGenericParameter: true } => $"!{type.GenericParameterPosition}",
        { IsArray: true } => $"{Name(type.GetElementType()!)}[]",
        { IsByRef: true } => $"{Name(type.GetElementType()!)}&",
        { IsGenericType: true } => $"{type.Namespace}.{type.Name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>",
        _ => $"{type.Namespace}.{type.Name}",
    };

    private static string Kind(Type type) => type switch
    {
        { IsInterface: true } => "interface",
        { IsEnum: true } => "enum",
        { IsValueType: true } => "struct",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    private static string Usage(Type type) => type.GetCustomAttributesData().FirstOrDefault(data => data.AttributeType.Name == nameof(AttributeUsageAttribute)) is { } usage
        ? string.Join(", ", usage.ConstructorArguments.Select(argument => argument.ToString())
            .Concat(usage.NamedArguments.Where(argument => argument.TypedValue.Value is true == (argument.MemberName == "AllowMultiple")).Select(argument => argument.ToString()).Order()))
        : "";

    private IEnumerable<string> Differences(Type solo)
    {
        if (!_orleans.TryGetValue(solo.FullName!, out var orleans))
        {
            yield return $"{solo.FullName} is not in Orleans";
            yield break;
        }

        if (Kind(solo) != Kind(orleans))
        {
            yield return $"{solo.FullName} is a {Kind(solo)} in Solo and a {Kind(orleans)} in Orleans";
        }

        if (Usage(solo) != Usage(orleans))
        {
            yield return $"{solo.FullName} may stand on {Usage(solo)} in Solo, on {Usage(orleans)} in Orleans";
        }

        foreach (var contract in solo.GetInterfaces().Select(Name).Except(orleans.GetInterfaces().Select(Name)))
        {
            yield return $"{solo.FullName} implements {contract} in Solo alone";
        }

        var bases = Bases(orleans).ToHashSet();
        foreach (var above in Bases(solo).Where(above => !bases.Contains(above)))
        {
            yield return $"{solo.FullName} derives from {above} in Solo alone";
        }

        foreach (var member in Missing(solo, orleans))
        {
            yield return $"{member} is in Solo alone";
        }

        if (solo.IsInterface && !OnlyCalled.Contains(solo.FullName))
        {
            foreach (var owed in orleans.GetMethods().Where(method => method.IsAbstract && !solo.GetMethods().Any(known => known.Name == method.Name
                && Parameters(known) == Parameters(method))))
            {
                yield return $"{solo.FullName}: whoever implements it owes Orleans {owed.Name}({Parameters(owed)})";
            }
        }
    }

    private static IEnumerable<string> Bases(Type type)
    {
        for (var above = type.BaseType; above is not null; above = above.BaseType)
        {
            yield return Name(above);
        }
    }
}
