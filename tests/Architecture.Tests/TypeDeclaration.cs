using System.Text.RegularExpressions;

namespace MeshGrains.Architecture.Tests;

/// <summary>A type as its first lines declare it.</summary>
internal sealed partial record TypeDeclaration(
    string Name, string Kind, IReadOnlyList<string> Modifiers, IReadOnlyList<string> Attributes, string Head, bool IsTopLevel)
{
    public bool IsClass => Kind is "class" or "record" or "record class";

    public bool IsClosed => Modifiers.Any(modifier => modifier is "sealed" or "abstract" or "static");

    public bool IsGrain => IsClass && !Modifiers.Contains("abstract") && GrainBase().IsMatch(Head);

    public bool IsGrainInterface => Kind == "interface" && GrainInterface().IsMatch(Head);

    public bool Bears(string attribute) => Attributes.Any(line => Regex.IsMatch(line, $@"[\[,]\s*{attribute}\s*[\](,]"));

    [GeneratedRegex(@"[:,]\s*(?:Orleans\.)?(?:Grain|IGrainBase)\s*(?:[,{;]|$)")]
    private static partial Regex GrainBase();

    [GeneratedRegex(@"[:,]\s*(?:Orleans\.)?(?:IGrainWithStringKey|IGrainObserver)\s*(?:[,{;]|$)")]
    private static partial Regex GrainInterface();
}
