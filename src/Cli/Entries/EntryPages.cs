using System.Runtime.CompilerServices;

namespace MeshGrains.Cli;

/// <summary>Walks through all registration entries, a page at a time.</summary>
internal static class EntryPages
{
    private const int PageSize = 1000;

    public static async IAsyncEnumerable<EntryView> AllAsync(ControlPlane administration, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        do
        {
            var query = $"/v1/entries?limit={PageSize}" + (after is null ? "" : $"&after={Uri.EscapeDataString(after)}");
            var page = await administration.GetAsync(query, ApiJson.Default.EntryPage, cancellationToken);
            foreach (var entry in page.Entries ?? [])
            {
                yield return entry;
            }

            // A server that repeats itself must not keep us forever.
            after = page.Next == after ? null : page.Next;
        }
        while (after is not null);
    }
}
