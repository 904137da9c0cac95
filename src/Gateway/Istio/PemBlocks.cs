namespace MeshGrains.Gateway.Istio;

/// <summary>Splits concatenated PEM of our own writing into its blocks.</summary>
internal static class PemBlocks
{
    private const string EndLine = "-----END CERTIFICATE-----\n";

    public static void AddEach(string pem, ICollection<string> blocks)
    {
        var start = 0;
        while (start < pem.Length)
        {
            var end = pem.IndexOf(EndLine, start, StringComparison.Ordinal);
            var next = end < 0 ? pem.Length : end + EndLine.Length;
            // The usual chain is one block: the shared string itself goes out.
            blocks.Add(start == 0 && next == pem.Length ? pem : pem[start..next]);
            start = next;
        }
    }
}
