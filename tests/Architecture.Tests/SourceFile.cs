using System.Text.RegularExpressions;

namespace MeshGrains.Architecture.Tests;

/// <summary>One C# file, read line by line: enough for rules about declarations, since the tree is formatted.</summary>
internal sealed partial record SourceFile(string Path, string Text)
{
    /// <summary>The lines that are no comment, with what follows <c>//</c> taken off.</summary>
    public IEnumerable<string> Code => Text.Split('\n').Select(line => line.TrimEnd('\r'))
        .Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal))
        .Select(line => LineEndComment().Replace(line, ""));

    /// <summary>The project a file belongs to: the folder under src.</summary>
    public string Project => Path.Split('/')[1];

    public IEnumerable<TypeDeclaration> Types
    {
        get
        {
            List<string> attributes = [];
            var lines = Code.ToList();
            for (var index = 0; index < lines.Count; index++)
            {
                var line = lines[index];
                var declared = Declaration().Match(line);
                if (declared.Success)
                {
                    // The bases may stand on the lines that follow, up to the body.
                    var head = string.Join(' ', lines.Skip(index).TakeWhile((next, at) => at == 0 || next.Trim() is not ("{" or "")).Take(40));
                    yield return new(
                        declared.Groups["name"].Value,
                        declared.Groups["kind"].Value.Trim(),
                        [.. declared.Groups["modifier"].Captures.Select(capture => capture.Value.Trim())],
                        [.. attributes],
                        head,
                        IsTopLevel: !char.IsWhiteSpace(line[0]));
                    attributes.Clear();
                }
                else if (line.TrimStart().StartsWith('['))
                {
                    attributes.Add(line.Trim());
                }
                else if (line.Trim().Length > 0 && !line.StartsWith('#'))
                {
                    attributes.Clear();
                }
            }
        }
    }

    [GeneratedRegex("""^\s*(?<modifier>(?:public|internal|private|protected|file|sealed|abstract|static|partial|unsafe|readonly|ref|new)\s+)*(?<kind>class|interface|enum|struct|record\s+struct|record\s+class|record)\s+(?<name>@?[A-Za-z_]\w*)(?=[\s<(:{;]|$)""")]
    private static partial Regex Declaration();

    [GeneratedRegex("""(?<=[;{}\s])//[^"]*$""")]
    private static partial Regex LineEndComment();
}
