namespace MeshGrains.Cli;

/// <summary>Shows the demo: steps in words, commands as one types them, their output, and what was expected of it all.</summary>
internal sealed class DemoStage(Invocation call, string dataDirectory)
{
    private const string Indent = "   ";

    private readonly List<DemoExpectation> _expectations = [];
    private int _step;

    public void Step(string title)
    {
        Show();
        Show($"{++_step}. {title}");
    }

    public void Say(string text) => Show(Indent + text);

    /// <summary>Shows and counts what should be so.</summary>
    public void Expect(bool held, string text)
    {
        _expectations.Add(new DemoExpectation(text, held));
        Show($"{Indent}{(held ? "[ok]  " : "[FAIL]")} {text}");
    }

    /// <summary>Runs a command just as the command line would, and shows it with what it said.</summary>
    /// <returns>The exit code and all that it said.</returns>
    public async Task<(int ExitCode, string Said)> RunAsync(CancellationToken cancellationToken, params IReadOnlyList<string> arguments)
    {
        if (dataDirectory != ConnectionOptions.DefaultData)
        {
            arguments = [.. arguments, "--data", dataDirectory];
        }

        Show($"{Indent}$ {call.Host.CommandName} {string.Join(' ', arguments.Select(Quoted))}");
        using var said = new StringWriter();
        var exitCode = await MeshCtl.RunAsync(arguments, call.Host with { Output = said, Error = said }, cancellationToken);
        foreach (var line in said.ToString().TrimEnd().Split('\n'))
        {
            Show($"{Indent}  {line}");
        }

        return (exitCode, said.ToString());
    }

    /// <summary>Ends with a summary; true when all expectations held.</summary>
    public bool Close()
    {
        var failed = _expectations.Count(expectation => !expectation.Held);
        var passed = failed == 0 && _expectations.Count > 0;
        if (call.Printer.IsJson)
        {
            call.Printer.Json(new DemoSummary(passed, _expectations), ApiJson.Default.DemoSummary);
            return passed;
        }

        Show();
        Show(passed
            ? $"All {_expectations.Count} expectations held."
            : $"{failed} of {_expectations.Count} expectations did NOT hold:");
        foreach (var expectation in _expectations.Where(expectation => !expectation.Held))
        {
            Show($"{Indent}{expectation.Text}");
        }

        return passed;
    }

    private static string Quoted(string argument) => argument.Contains(' ', StringComparison.Ordinal) ? $"\"{argument}\"" : argument;

    private void Show(string text = "")
    {
        if (!call.Printer.IsJson)
        {
            call.Printer.Line(text);
        }
    }
}
