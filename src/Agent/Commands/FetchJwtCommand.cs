using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using MeshGrains.Cli;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Agent.Commands;

/// <summary><c>api fetch jwt</c>.</summary>
internal static class FetchJwtCommand
{
    private const string Fetch = "/SpiffeWorkloadAPI/FetchJWTSVID";
    private const string Bundles = "/SpiffeWorkloadAPI/FetchJWTBundles";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        var call = new WorkloadApiCall();
        var audience = new Option<string[]>("--audience", "-audience")
        {
            Description = "Who shall accept the token; repeat it, or separate several by commas.", HelpName = "TEXT", Required = true,
        };
        var spiffeId = new Option<string>("--spiffe-id", "-spiffeID") { Description = "One identity of several.", HelpName = "ID", DefaultValueFactory = _ => "" };
        var json = new Option<bool>("--json") { Description = "Print one JSON document. It holds the tokens: whoever has one is this workload." };
        var command = new TaughtCommand(
            "jwt", "Fetch JWT-SVIDs of this process, and the keys that they are verified with.", "api fetch jwt --audience spiffe://example.org/db",
            "api fetch jwt --audience sts.example --json")
        {
            audience, spiffeId, json,
        };
        call.AddTo(command);
        command.SetAction((arguments, cancellationToken) => call.RunAsync(arguments, Timeout, async (channel, options) =>
        {
            var request = new JWTSVIDRequest { SpiffeId = arguments.GetValue(spiffeId) };
            request.Audience.AddRange((arguments.GetValue(audience) ?? []).SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)));
            var response = await channel.UnaryAsync(Fetch, request, JWTSVIDResponse.Parser, options, cancellationToken);
            using var stream = channel.ServerStreaming(Bundles, new JWTBundlesRequest(), JWTBundlesResponse.Parser, options, cancellationToken);
            var bundles = await stream.ReadAsync() ?? throw new RpcException(RpcStatusCode.Unavailable, "The agent ended the stream without an answer.");
            Print(response, bundles, arguments.GetValue(json), arguments.InvocationConfiguration.Output);
        }, cancellationToken));
        return command;
    }

    private static void Print(JWTSVIDResponse response, JWTBundlesResponse bundles, bool asJson, TextWriter output)
    {
        var byDomain = bundles.Bundles.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToList();
        if (asJson)
        {
            output.WriteLine(new JsonObject
            {
                ["svids"] = new JsonArray([.. response.Svids.Select(svid => new JsonObject
                {
                    ["spiffeId"] = svid.SpiffeId, ["hint"] = svid.Hint, ["token"] = svid.Svid,
                })]),
                ["bundles"] = new JsonObject(byDomain.Select(pair => KeyValuePair.Create(pair.Key, JsonNode.Parse(pair.Value.Span)))),
            }.ToJsonString(new JsonSerializerOptions { WriteIndented = false }));
            return;
        }

        foreach (var svid in response.Svids)
        {
            output.WriteLine($"token({svid.SpiffeId}):{(svid.Hint.Length > 0 ? $"  (hint {svid.Hint})" : "")}\n\t{svid.Svid}");
        }

        foreach (var (domain, keys) in byDomain)
        {
            output.WriteLine($"bundle({domain}):\n\t{keys.ToStringUtf8()}");
        }
    }
}
