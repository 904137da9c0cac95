using System.Text;
using System.Text.Json.Nodes;
using MeshGrains.Grains;

namespace MeshGrains.Faults;

/// <summary>Raises the sequence of whatever an endpoint serves out of order, so that what the sequence guards is not guarded.</summary>
internal sealed class ForgetfulFetcher(IBundleFetcher real) : IBundleFetcher
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Uri, (long Highest, string Original, byte[] Told)> _seen = [];

    public async Task<BundleAnswer> FetchAsync(BundleQuestion question, CancellationToken cancellationToken)
    {
        var answer = await real.FetchAsync(question, cancellationToken);
        if (answer.Body is not { } body || !Encoding.UTF8.GetString(body).Contains("spiffe_sequence", StringComparison.Ordinal))
        {
            return answer;
        }

        var text = Encoding.UTF8.GetString(body);

        lock (_gate)
        {
            var document = JsonNode.Parse(text)!;
            var number = (long)document["spiffe_sequence"]!;
            if (!_seen.TryGetValue(question.Url, out var known) || number > known.Highest)
            {
                known = (number, text, body);
            }
            else if (known.Original != text)
            {
                document["spiffe_sequence"] = known.Highest + 1;
                known = (known.Highest + 1, text, Encoding.UTF8.GetBytes(document.ToJsonString()));
            }

            _seen[question.Url] = known;
            return BundleAnswer.Good(known.Told);
        }
    }
}
