namespace MeshGrains.Cli.Tests;

public sealed class PrinterTests : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    private Printer Text => new(_output, _error, OutputFormat.Text);

    private Printer Json => new(_output, _error, OutputFormat.Json);

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    [Fact]
    public void A_table_has_aligned_columns_and_no_space_at_its_lines_ends()
    {
        Text.Table(["id", "name"], [["1", "a"], ["1000", ""]], "none");

        Assert.Equal("ID   NAME\n1    a\n1000\n", _output.ToString());
    }

    [Fact]
    public void A_long_cell_is_neither_cut_nor_folded()
    {
        var id = "spiffe://mesh.test/" + new string('a', 500);
        Text.Table(["id", "next"], [[id, "[b]x[/]"]], "none");

        Assert.Contains($"{id} [b]x[/]\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cell_cannot_forge_a_line()
    {
        Text.Table(["id", "reason"], [["1", "x\n2  forged\u001b[1A"]], "none");

        Assert.Equal(2, _output.ToString().TrimEnd().Split('\n').Length);
        Assert.DoesNotContain('\u001b', _output.ToString());
    }

    [Fact]
    public void An_empty_table_says_so()
    {
        Text.Table(["id"], [], "There are none.");

        Assert.Equal("There are none.\n", _output.ToString());
    }

    [Fact]
    public void Facts_without_a_value_are_left_out()
    {
        Text.Facts(("a", "1"), ("long name", "2"), ("nothing", null), ("empty", ""));

        Assert.Equal("a          1\nlong name  2\n", _output.ToString());
    }

    [Fact]
    public void A_refusal_is_one_line_with_reason_and_request()
    {
        Text.Fail(CliException.Refused(new ProblemDocument { Detail = "No.\nReally", Reason = "denied", RequestId = "r1", RetryAfterSeconds = 3 }));

        Assert.Equal("meshctl: No.?Really (reason denied, request r1, try again in 3 s)\n", _error.ToString());
    }

    [Fact]
    public void For_programs_a_failure_is_a_document_and_notes_are_left_out()
    {
        Json.Note("by the way");
        Json.Fail(CliException.Failed("It broke."));

        Assert.Equal("It broke.", (string?)System.Text.Json.Nodes.JsonNode.Parse(_error.ToString())!["detail"]);
        Assert.Empty(_output.ToString());
    }
}
