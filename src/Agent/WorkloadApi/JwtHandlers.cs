using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Workloads;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Agent.WorkloadApi;

/// <summary><c>FetchJWTSVID</c>, <c>FetchJWTBundles</c> and <c>ValidateJWTSVID</c>.</summary>
internal sealed class JwtHandlers(CallerSource callers, NodeState state, DomainTokens tokens, WorkloadStreams streams, TimeProvider time)
{
    public async ValueTask<JWTSVIDResponse> FetchSvidAsync(JWTSVIDRequest request, RpcServerContext context)
    {
        var caller = await callers.OfWorkloadApiAsync(context);
        CheckAudience(request.Audience);
        var answers = await tokens.FetchAsync(Wanted(request.SpiffeId, caller), request.Audience, context.CancellationToken);

        // A process that ended while it waited gets nothing, and neither does an entry that went.
        var still = caller.Entries(state.Current).SelectMany(part => part.Entries).Select(entry => (entry.SpiffeId, entry.Id)).ToHashSet();
        var response = new JWTSVIDResponse();
        response.Svids.AddRange(answers.Where(item => item.Answer.Held is not null && still.Contains((item.Entry.SpiffeId, item.Entry.Id))).Select(item => new JWTSVID
        {
            SpiffeId = item.Entry.SpiffeId, Svid = item.Answer.Held!.Token, Hint = item.Entry.Hint,
        }));

        // Where some identities get a token the others are left out; where none does, the best hope decides.
        return response.Svids.Count > 0 ? response : throw Refusal(answers.Select(item => item.Answer));
    }

    public Task FetchBundlesAsync(JWTBundlesRequest request, RpcResponseWriter<JWTBundlesResponse> responses, RpcServerContext context) =>
        streams.ServeAsync(responses, context, waitsForSvids: false, withCrls: false, static view =>
        {
            var message = new JWTBundlesResponse();
            foreach (var bundle in view.Bundles)
            {
                message.Bundles[bundle.TrustDomain.Id.ToString()] = UnsafeByteOperations.UnsafeWrap(bundle.JwtKeys);
            }

            return message;
        });

    public async ValueTask<ValidateJWTSVIDResponse> ValidateAsync(ValidateJWTSVIDRequest request, RpcServerContext context)
    {
        var caller = await callers.OfWorkloadApiAsync(context);
        if (request.Audience.Length == 0)
        {
            throw Invalid("'audience' must be given.");
        }

        if (request.Svid.Length == 0)
        {
            throw Invalid("'svid' must be given.");
        }

        var snapshot = state.Current;
        var view = WorkloadView.Of(snapshot, caller.Entries(snapshot));
        if (!JwtSvidValidator.TryValidate(
            request.Svid, request.Audience, domain => view.Bundles.FirstOrDefault(bundle => bundle.TrustDomain == domain)?.Bundle,
            time.GetUtcNow(), JwtSvidValidator.DefaultLeeway, out var svid, out var refusal))
        {
            throw Invalid($"The token is no JWT-SVID that may be believed: {Words(refusal)}.");
        }

        return new ValidateJWTSVIDResponse { SpiffeId = svid.Subject.ToString(), Claims = Claims(svid) };
    }

    private static void CheckAudience(RepeatedField<string> audience)
    {
        if (audience.Count == 0 || audience.Any(string.IsNullOrEmpty))
        {
            throw Invalid("'audience' must be given, and no value of it may be empty.");
        }

        if (audience.Count > JwtSvid.MaxAudiences || audience.Any(value => value.Length > JwtSvid.MaxAudienceLength))
        {
            throw Invalid($"Give at most {JwtSvid.MaxAudiences} audiences of at most {JwtSvid.MaxAudienceLength} characters.");
        }
    }

    /// <summary>The caller's entries, or the one that it names.</summary>
    private IReadOnlyList<Entitlement> Wanted(string spiffeId, Caller caller)
    {
        if (spiffeId.Length > 0 && !SpiffeId.TryParse(spiffeId, out _, out var error))
        {
            throw Invalid($"'spiffe_id': {error}");
        }

        var entries = caller.Entries(state.Current);
        return spiffeId.Length == 0 ? entries
            : entries.SelectMany(part => part.Entries.Where(entry => entry.SpiffeId == spiffeId).Select(entry => part with { Entries = [entry] })).FirstOrDefault() is { } one ? [one]
            : throw new RpcException(RpcStatusCode.PermissionDenied, "This process is not entitled to the SPIFFE ID that it asks for.");
    }

    private static RpcException Refusal(IEnumerable<JwtAnswer> answers)
    {
        var refused = answers.Where(answer => answer.Held is null).OrderBy(answer => answer.Code == RpcStatusCode.PermissionDenied).FirstOrDefault();
        return refused is null ? new RpcException(RpcStatusCode.PermissionDenied, "The registration entry behind this request is gone.")
            : new RpcException(
                refused.Code is RpcStatusCode.PermissionDenied or RpcStatusCode.InvalidArgument or RpcStatusCode.ResourceExhausted ? refused.Code : RpcStatusCode.Unavailable,
                $"No JWT-SVID could be had: {refused.Message}");
    }

    /// <summary>All claims; "aud" always as a list, as SPIRE's agent has it.</summary>
    private static Struct Claims(JwtSvid svid)
    {
        var claims = (JsonObject)JsonNode.Parse(svid.ClaimsJson.Span, documentOptions: new JsonDocumentOptions { MaxDepth = 16 })!;
        claims["aud"] = new JsonArray([.. svid.Audience.Select(value => (JsonNode)value)]);
        return Struct.Parser.ParseJson(Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(claims)));
    }

    private static string Words(JwtSvidRefusal refusal) => refusal switch
    {
        JwtSvidRefusal.Malformed => "it is no well-formed compact JWS",
        JwtSvidRefusal.Algorithm => $"its algorithm is not one of {JwtAlgorithms.Supported}, or does not fit its key",
        JwtSvidRefusal.KeyIdMissing => "its header has no 'kid'",
        JwtSvidRefusal.Header => "its header has a 'typ' other than JWT or JOSE, or a critical extension",
        JwtSvidRefusal.Subject => "its 'sub' is no SPIFFE ID",
        JwtSvidRefusal.Times => "its 'exp' is missing, or a time in it is no number",
        JwtSvidRefusal.UnknownTrustDomain => "there is no trust bundle of its trust domain",
        JwtSvidRefusal.UnknownKey => "the trust bundle has no key of its 'kid'",
        JwtSvidRefusal.Signature => "its signature does not fit its key",
        JwtSvidRefusal.Expired => "it has expired",
        JwtSvidRefusal.NotYetValid => "it is not valid yet",
        _ => "it is not for this audience",
    };

    private static RpcException Invalid(string message) => new(RpcStatusCode.InvalidArgument, message);
}
